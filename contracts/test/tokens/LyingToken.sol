// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Says yes and moves nothing.
contract LyingToken is PlainToken {
    function transfer(address, uint256) external pure override returns (bool) {
        return true;
    }
}
