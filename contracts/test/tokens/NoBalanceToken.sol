// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice Has code, but does not say what anyone holds.
contract NoBalanceToken {
    error NotAToken();

    function balanceOf(address) external pure returns (uint256) {
        revert NotAToken();
    }
}
