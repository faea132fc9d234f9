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

/// @notice A token as ERC-20 describes it.
contract PlainToken {
    mapping(address account => uint256) public balanceOf;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        return true;
    }
}

/// @notice Says no by returning false.
contract FalseToken {
    function balanceOf(address) external pure returns (uint256) {
        return 1;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Answers with one byte where a word is due.
contract ShortToken {
    function balanceOf(address) external pure returns (uint256) {
        return 1;
    }

    fallback() external {
        assembly {
            mstore8(0, 1)
            return(0, 1)
        }
    }
}

/// @notice Answers a transfer with a megabyte, to make whoever copies it pay.
contract BombToken {
    uint256 public constant COST = 2_300_000; // gas for a megabyte of memory, about

    function balanceOf(address) external pure returns (uint256) {
        return 1;
    }

    fallback() external {
        assembly {
            revert(0, 1000000)
        }
    }
}
