// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice A wallet of the old kind: it gives the recipient 2300 gas.
contract OldWallet {
    receive() external payable {}

    function pay(address to, uint256 wei_) external {
        payable(to).transfer(wei_);
    }
}

/// @notice A vault that takes no native coin.
contract ClosedVault {}

/// @notice A vault that flushes the forwarder again while it is being paid.
contract EagerVault {
    error FlushFailed();

    address public forwarder;
    bytes public data;

    function arm(address forwarder_, bytes calldata data_) external {
        forwarder = forwarder_;
        data = data_;
    }

    receive() external payable {
        again();
    }

    function tokensReceived() external {
        again();
    }

    function again() private {
        (bool ok,) = forwarder.call(data);
        if (!ok) revert FlushFailed();
    }
}
