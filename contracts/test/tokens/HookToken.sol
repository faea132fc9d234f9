// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {PlainToken} from "./PlainToken.sol";

interface IReceiver {
    function tokensReceived() external;
}

/// @notice Calls whoever has code and receives it (ERC-777).
contract HookToken is PlainToken {
    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, to, value);
        if (to.code.length > 0) IReceiver(to).tokensReceived();
        return true;
    }
}
