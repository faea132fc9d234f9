// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice Uses up all the gas it gets, when asked what somebody holds.
contract BurningBalanceToken {
    function balanceOf(address) external pure returns (uint256) {
        assembly {
            invalid()
        }
    }
}
