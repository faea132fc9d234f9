// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

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
