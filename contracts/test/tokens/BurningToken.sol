// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Uses up all the gas it gets.
contract BurningToken is PlainToken {
    function transfer(address, uint256) external pure override returns (bool) {
        assembly {
            invalid()
        }
    }
}
