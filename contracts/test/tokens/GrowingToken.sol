// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Credits interest to the sender in the middle of a transfer: less leaves than was there,
/// or nothing does.
contract GrowingToken is PlainToken {
    uint256 public interest;

    function setInterest(uint256 value) external {
        interest = value;
    }

    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, to, value);
        balanceOf[msg.sender] += interest;
        return true;
    }
}
