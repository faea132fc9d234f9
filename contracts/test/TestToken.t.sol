// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {TestToken} from "../src/TestToken.sol";
import {MiniTest, Vm} from "./MiniTest.sol";

contract TestTokenTest is MiniTest {
    address constant OWNER = address(0x0123);
    address constant ALICE = address(0xA11CE);
    address constant BOB = address(0xB0B);

    TestToken token;

    function setUp() public {
        token = new TestToken(OWNER, 1_000_000e6, "Test Tether USD", "USDT", 6);
        vm.prank(OWNER);
        token.transfer(ALICE, 1000e6);
    }

    function test_ReturnsNothing() public {
        vm.prank(ALICE);
        (bool ok, bytes memory data) = address(token).call(abi.encodeCall(token.transfer, (BOB, 1)));
        vm.assertTrue(ok);
        vm.assertEq(data.length, 0);

        vm.prank(ALICE);
        (ok, data) = address(token).call(abi.encodeCall(token.approve, (BOB, 1)));
        vm.assertTrue(ok);
        vm.assertEq(data.length, 0);

        vm.prank(BOB);
        (ok, data) = address(token).call(abi.encodeCall(token.transferFrom, (ALICE, BOB, 1)));
        vm.assertTrue(ok);
        vm.assertEq(data.length, 0);
    }

    function testFuzz_TransferMovesTheValue(uint256 value) public {
        vm.assume(value <= 1000e6);
        vm.expectEmit(address(token));
        emit TestToken.Transfer(ALICE, BOB, value);
        vm.prank(ALICE);
        token.transfer(BOB, value);
        vm.assertEq(token.balanceOf(ALICE), 1000e6 - value);
        vm.assertEq(token.balanceOf(BOB), value);
    }

    function testFuzz_TransferOfMoreThanTheBalanceReverts(uint256 value) public {
        vm.assume(value > 1000e6);
        vm.expectRevert(abi.encodeWithSelector(TestToken.InsufficientBalance.selector, ALICE, 1000e6, value));
        vm.prank(ALICE);
        token.transfer(BOB, value);
    }

    function test_TransferToSelfChangesNothing() public {
        vm.prank(ALICE);
        token.transfer(ALICE, 400e6);
        vm.assertEq(token.balanceOf(ALICE), 1000e6);
    }

    function test_ZeroAddressMayReceive() public {
        vm.prank(ALICE);
        token.transfer(address(0), 1);
        vm.assertEq(token.balanceOf(address(0)), 1);
    }

    function test_ApproveFromNonZeroToNonZeroReverts() public {
        vm.prank(ALICE);
        token.approve(BOB, 1);
        vm.expectRevert(abi.encodeWithSelector(TestToken.AllowanceNotZero.selector));
        vm.prank(ALICE);
        token.approve(BOB, 2);
        vm.prank(ALICE);
        token.approve(BOB, 0);
        vm.prank(ALICE);
        token.approve(BOB, 2);
        vm.assertEq(token.allowance(ALICE, BOB), 2);
    }

    function test_TransferFromUsesTheAllowanceUp() public {
        vm.prank(ALICE);
        token.approve(BOB, 10);
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, 4);
        vm.assertEq(token.allowance(ALICE, BOB), 6);
        vm.expectRevert(abi.encodeWithSelector(TestToken.InsufficientAllowance.selector, BOB, 6, 7));
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, 7);
    }

    function test_UnlimitedAllowanceIsNotUsedUp() public {
        vm.prank(ALICE);
        token.approve(BOB, type(uint256).max);
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, 4);
        vm.assertEq(token.allowance(ALICE, BOB), type(uint256).max);
    }

    function test_FeeIsTakenFromWhatArrives() public {
        vm.prank(OWNER);
        token.setParams(10, 49);
        uint256 before = token.balanceOf(OWNER);
        vm.expectEmit(address(token));
        emit TestToken.Transfer(ALICE, OWNER, 0.5e6);
        vm.expectEmit(address(token));
        emit TestToken.Transfer(ALICE, BOB, 499.5e6);
        vm.prank(ALICE);
        token.transfer(BOB, 500e6);
        vm.assertEq(token.balanceOf(BOB), 499.5e6);
        vm.assertEq(token.balanceOf(OWNER), before + 0.5e6);
    }

    function test_FeeHasAMaximum() public {
        vm.prank(OWNER);
        token.setParams(19, 1);
        vm.prank(ALICE);
        token.transfer(BOB, 1000e6);
        vm.assertEq(token.balanceOf(BOB), 999e6);
    }

    function test_FeeParametersAreBounded() public {
        vm.expectRevert(abi.encodeWithSelector(TestToken.FeeTooHigh.selector));
        vm.prank(OWNER);
        token.setParams(20, 1);
        vm.expectRevert(abi.encodeWithSelector(TestToken.FeeTooHigh.selector));
        vm.prank(OWNER);
        token.setParams(1, 50);
    }

    function test_BlackListedCannotSendButReceives() public {
        vm.prank(OWNER);
        token.addBlackList(ALICE);
        vm.assertTrue(token.isBlackListed(ALICE));
        vm.expectRevert(abi.encodeWithSelector(TestToken.BlackListed.selector, ALICE));
        vm.prank(ALICE);
        token.transfer(BOB, 1);
        vm.prank(OWNER);
        token.transfer(ALICE, 1);
        vm.assertEq(token.balanceOf(ALICE), 1000e6 + 1);
        vm.prank(OWNER);
        token.removeBlackList(ALICE);
        vm.prank(ALICE);
        token.transfer(BOB, 1);
    }

    function test_DestroyBlackFundsMakesNoTransferEvent() public {
        vm.expectRevert(abi.encodeWithSelector(TestToken.NotBlackListed.selector, ALICE));
        vm.prank(OWNER);
        token.destroyBlackFunds(ALICE);

        vm.prank(OWNER);
        token.addBlackList(ALICE);
        uint256 supply = token.totalSupply();
        vm.recordLogs();
        vm.prank(OWNER);
        token.destroyBlackFunds(ALICE);
        vm.assertEq(token.balanceOf(ALICE), 0);
        vm.assertEq(token.totalSupply(), supply - 1000e6);
        assertNoTransferAmongLogs();
    }

    function test_IssueAndRedeemMakeNoTransferEvent() public {
        uint256 supply = token.totalSupply();
        uint256 balance = token.balanceOf(OWNER);
        vm.recordLogs();
        vm.prank(OWNER);
        token.issue(5);
        vm.assertEq(token.totalSupply(), supply + 5);
        vm.assertEq(token.balanceOf(OWNER), balance + 5);
        vm.prank(OWNER);
        token.redeem(6);
        vm.assertEq(token.totalSupply(), supply - 1);
        assertNoTransferAmongLogs();
    }

    function test_PauseStopsTransfersOnly() public {
        vm.prank(OWNER);
        token.pause();
        vm.expectRevert(abi.encodeWithSelector(TestToken.Paused.selector));
        vm.prank(ALICE);
        token.transfer(BOB, 1);
        vm.expectRevert(abi.encodeWithSelector(TestToken.Paused.selector));
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, 0);
        vm.prank(ALICE);
        token.approve(BOB, 1);
        vm.prank(OWNER);
        token.unpause();
        vm.prank(ALICE);
        token.transfer(BOB, 1);
    }

    function test_OnlyTheOwnerRules() public {
        bytes[8] memory calls = [
            abi.encodeCall(token.issue, (1)),
            abi.encodeCall(token.redeem, (0)),
            abi.encodeCall(token.setParams, (0, 0)),
            abi.encodeCall(token.pause, ()),
            abi.encodeCall(token.addBlackList, (BOB)),
            abi.encodeCall(token.removeBlackList, (BOB)),
            abi.encodeCall(token.destroyBlackFunds, (BOB)),
            abi.encodeCall(token.transferOwnership, (ALICE))
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(ALICE);
            (bool ok, bytes memory reason) = address(token).call(calls[i]);
            vm.assertFalse(ok);
            vm.assertEq(keccak256(reason), keccak256(abi.encodeWithSelector(TestToken.NotOwner.selector)));
        }
    }

    function test_OwnershipMoves() public {
        vm.prank(OWNER);
        token.transferOwnership(address(0));
        vm.assertEq(token.owner(), OWNER);
        vm.prank(OWNER);
        token.transferOwnership(ALICE);
        vm.assertEq(token.owner(), ALICE);
        vm.prank(ALICE);
        token.issue(1);
    }

    function assertNoTransferAmongLogs() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(logs.length > 0);
        for (uint256 i = 0; i < logs.length; i++) {
            vm.assertTrue(logs[i].topics[0] != TestToken.Transfer.selector, "a Transfer event");
        }
    }
}
