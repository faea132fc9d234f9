// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice Makes a call while it is called.
contract Nester {
    error Failed(bytes reason);

    address private to;
    bytes private data;

    function arm(address to_, bytes calldata data_) external {
        to = to_;
        data = data_;
    }

    receive() external payable {
        (bool ok, bytes memory reason) = to.call(data);
        if (!ok) revert Failed(reason);
    }
}
