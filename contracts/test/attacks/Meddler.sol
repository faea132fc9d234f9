// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Vm} from "../MiniTest.sol";

/// @notice Writes the storage of whoever calls it, as no contract can: by a cheatcode. It stands for
/// a way into the Safe that nobody has thought of.
contract Meddler {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function write(bytes32 slot, bytes32 value) external {
        vm.store(msg.sender, slot, value);
    }
}
