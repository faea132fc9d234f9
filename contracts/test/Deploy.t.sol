// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Deploy} from "../script/Deploy.s.sol";
import {ForwarderFactory} from "../src/ForwarderFactory.sol";
import {Guard} from "../src/Guard.sol";
import {MiniTest} from "./MiniTest.sol";

contract DeployTest is MiniTest {
    Deploy script = new Deploy();

    function setUp() public view {
        // forge has the runtime of Arachnid's proxy at its address already.
        vm.assertTrue(script.CREATE2_DEPLOYER().code.length > 0);
    }

    function test_DeploysOnceAndSaysWhere() public {
        address guard = script.guard(address(0x5E4D), 1 hours, 1 days);
        vm.assertEq(Guard(guard).multiSend(), address(0x5E4D));
        vm.assertEq(Guard(guard).delay(), 1 hours);
        vm.assertEq(Guard(guard).window(), 1 days);
        vm.assertEq(script.guard(address(0x5E4D), 1 hours, 1 days), guard);

        address factory = script.forwarderFactory(address(0x5AFE));
        vm.assertEq(ForwarderFactory(factory).vault(), address(0x5AFE));
        vm.assertEq(script.forwarderFactory(address(0x5AFE)), factory);
        vm.assertTrue(script.forwarderFactory(address(0x5AFF)) != factory);
    }
}
