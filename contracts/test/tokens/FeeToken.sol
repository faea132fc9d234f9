// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Delivers one percent less than was sent (PAXG, STA); the rest goes to its collector.
contract FeeToken is PlainToken {
    address public constant COLLECTOR = address(0xFEE);

    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, COLLECTOR, value / 100);
        _move(msg.sender, to, value - value / 100);
        return true;
    }
}
