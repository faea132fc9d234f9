// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Charges the sender one percent on top, so that a whole balance cannot be moved.
contract FeeOnTopToken is PlainToken {
    address public constant COLLECTOR = address(0xFEE);

    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, COLLECTOR, value / 100);
        _move(msg.sender, to, value);
        return true;
    }
}
