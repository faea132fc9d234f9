// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Moves the value and returns a word that is neither true nor false.
contract TwoToken is PlainToken {
    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, to, value);
        assembly {
            mstore(0, 2)
            return(0, 32)
        }
    }
}
