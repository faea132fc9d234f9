// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice A token as ERC-20 describes it. The weird ones are made from it.
contract PlainToken {
    mapping(address account => uint256) public balanceOf;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external virtual returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function _move(address from, address to, uint256 value) internal {
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }
}
