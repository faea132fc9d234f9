// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ISafe} from "@safe-global/safe-smart-account/contracts/interfaces/ISafe.sol";
import {Enum} from "@safe-global/safe-smart-account/contracts/libraries/Enum.sol";

/// @notice A module that does what anybody asks.
contract ThiefModule {
    error Refused();

    function run(ISafe safe, address to, uint256 value, bytes calldata data, Enum.Operation operation) external {
        if (!safe.execTransactionFromModule(to, value, data, operation)) revert Refused();
    }
}
