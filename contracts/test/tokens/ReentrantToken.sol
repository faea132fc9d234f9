// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @notice Makes a call of the attacker's choice in the middle of a transfer, before the money
/// moves, once.
contract ReentrantToken is PlainToken {
    error CallFailed();

    address public target;
    bytes public data;

    function arm(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    function transfer(address to, uint256 value) external override returns (bool) {
        address called = target;
        if (called != address(0)) {
            target = address(0);
            (bool ok,) = called.call(data);
            if (!ok) revert CallFailed();
        }
        _move(msg.sender, to, value);
        return true;
    }
}
