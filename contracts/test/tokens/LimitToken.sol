// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Moves at most so much in one transfer.
contract LimitToken is PlainToken {
    error OverTheLimit();

    uint256 public constant LIMIT = 100;

    function transfer(address to, uint256 value) external override returns (bool) {
        if (value > LIMIT) revert OverTheLimit();
        _move(msg.sender, to, value);
        return true;
    }
}
