// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IModuleGuard} from "@safe-global/safe-smart-account/contracts/base/ModuleManager.sol";
import {ITransactionGuard} from "@safe-global/safe-smart-account/contracts/base/GuardManager.sol";
import {IGuardManager} from "@safe-global/safe-smart-account/contracts/interfaces/IGuardManager.sol";
import {IModuleManager} from "@safe-global/safe-smart-account/contracts/interfaces/IModuleManager.sol";
import {IOwnerManager} from "@safe-global/safe-smart-account/contracts/interfaces/IOwnerManager.sol";
import {ISafe} from "@safe-global/safe-smart-account/contracts/interfaces/ISafe.sol";
import {Enum} from "@safe-global/safe-smart-account/contracts/libraries/Enum.sol";

import {Guard} from "../src/Guard.sol";
import {Vm} from "./MiniTest.sol";
import {SafeTest, Transaction} from "./SafeTest.sol";
import {PlainToken} from "./tokens/PlainToken.sol";

/// @notice What passes, and how a Safe is changed. What is refused is in Guard.attacks.t.sol.
contract GuardTest is SafeTest {
    address constant CUSTOMER = address(0xC057);
    address constant STRANGER = address(0xBAD);
    address constant NEW_OWNER = address(0x0E33);
    address constant SENTINEL = address(1);

    ISafe safe;
    PlainToken token;

    function setUp() public override {
        super.setUp();
        safe = newSafe(true);
        token = new PlainToken();
        token.mint(address(safe), 1_000_000);
    }

    // --- payments

    function test_CreationSetsBothGuardsTheModuleAndTheHandler() public view {
        bytes32 expected = bytes32(uint256(uint160(address(guard))));
        vm.assertEq(vm.load(address(safe), keccak256("guard_manager.guard.address")), expected);
        vm.assertEq(vm.load(address(safe), keccak256("module_manager.module_guard.address")), expected);
        vm.assertTrue(safe.isModuleEnabled(address(module)));
        vm.assertEq(
            vm.load(address(safe), keccak256("fallback_manager.handler.address")),
            bytes32(uint256(uint160(address(module))))
        );
    }

    function test_PaymentsPassByTransactionAndByUserOperation() public {
        Transaction[3] memory ts = [
            Transaction(CUSTOMER, 7, "", Enum.Operation.Call),
            call(address(token), abi.encodeCall(token.transfer, (CUSTOMER, 5))),
            payments(10)
        ];
        for (uint256 i = 0; i < ts.length; i++) {
            execute(safe, ts[i]);
            (bool ok,) = operate(safe, ts[i]);
            vm.assertTrue(ok);
        }
        vm.assertEq(CUSTOMER.balance, 2 * 7);
        vm.assertEq(token.balanceOf(CUSTOMER), 2 * 5);
        vm.assertEq(token.balanceOf(recipient(9)), 2 * 3);
    }

    function testFuzz_PaymentsPass(address to, uint256 value, bytes calldata data) public {
        vm.assume(to != address(safe) && to != address(guard) && to.code.length == 0 && uint160(to) > 1000);
        execute(safe, Transaction(to, value % 1 ether, data, Enum.Operation.Call));
        execute(safe, batch(packed(to, value % 1 ether, data)));
    }

    function test_EmptyCallOfTheSafeUsesUpItsNonce() public {
        uint256 nonce = safe.nonce();
        execute(safe, call(address(safe), ""));
        vm.assertEq(safe.nonce(), nonce + 1);
        (bool ok,) = operate(safe, call(address(safe), ""));
        vm.assertTrue(ok);
    }

    function test_FailedPaymentsAreReportedAsWithoutAGuard() public {
        Transaction memory t = call(address(token), abi.encodeCall(token.transfer, (CUSTOMER, 2_000_000)));
        (bool ok, bytes memory reason) = tryExecute(safe, t);
        (, bytes memory bareReason) = tryExecute(newSafe(false), t);
        vm.assertFalse(ok);
        vm.assertEq(reason, bareReason);
        (ok, reason) = operate(safe, t);
        vm.assertFalse(ok);
        execute(safe, call(CUSTOMER, "")); // and the next transaction is not a nested one
    }

    function test_SaysItIsBothGuards() public view {
        vm.assertTrue(guard.supportsInterface(type(ITransactionGuard).interfaceId));
        vm.assertTrue(guard.supportsInterface(type(IModuleGuard).interfaceId));
        vm.assertTrue(guard.supportsInterface(0x01ffc9a7));
        vm.assertFalse(guard.supportsInterface(0xffffffff));
    }

    function test_ZeroParametersRevert() public {
        vm.expectRevert(abi.encodeWithSelector(Guard.ZeroMultiSend.selector));
        new Guard(address(0), DELAY, WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Guard.ZeroTime.selector));
        new Guard(multiSend, 0, WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Guard.ZeroTime.selector));
        new Guard(multiSend, DELAY, 0);
    }

    // --- ERC-7562: a user operation whose account pays its prefund during validation

    function test_ModuleHalfUsesNoStorageOfTheGuard() public {
        vm.record();
        (bool ok,) = operate(safe, call(address(token), abi.encodeCall(token.transfer, (CUSTOMER, 5))));
        (bytes32[] memory reads, bytes32[] memory writes) = vm.accesses(address(guard));
        vm.assertTrue(ok);
        vm.assertEq(reads.length + writes.length, 0);
        (reads,) = vm.accesses(address(safe));
        vm.assertTrue(reads.length > 0, "nothing was recorded");
    }

    // --- changes

    function test_AnnouncedChangeIsExecutedWhenItIsTime() public {
        bytes memory change = swap(1, NEW_OWNER);
        bytes32 id = keccak256(change);
        uint256 notBefore = block.timestamp + DELAY;
        vm.expectEmit(address(guard));
        emit Guard.Announced(address(safe), id, change, notBefore, notBefore + WINDOW);
        announce(change);

        executeExpecting(
            safe, call(address(safe), change), abi.encodeWithSelector(Guard.TooEarly.selector, id, notBefore)
        );
        vm.warp(notBefore - 1);
        executeExpecting(
            safe, call(address(safe), change), abi.encodeWithSelector(Guard.TooEarly.selector, id, notBefore)
        );
        vm.warp(notBefore);
        vm.expectEmit(address(guard));
        emit Guard.Executed(address(safe), id);
        execute(safe, call(address(safe), change));
        vm.assertTrue(safe.isOwner(NEW_OWNER));
        vm.assertFalse(safe.isOwner(vm.addr(keys[1])));
    }

    function test_ChangeIsExecutedOnce() public {
        bytes memory change = abi.encodeCall(IOwnerManager.changeThreshold, (2)); // could be repeated
        announce(change);
        vm.warp(block.timestamp + DELAY);
        execute(safe, call(address(safe), change));
        bytes memory reason = abi.encodeWithSelector(Guard.NotAnnounced.selector, keccak256(change));
        executeExpecting(safe, call(address(safe), change), reason);
    }

    function test_ChangeComesTooLateAfterItsWindow() public {
        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        uint256 notAfter = block.timestamp + DELAY + WINDOW;
        vm.warp(notAfter + 1);
        bytes memory reason = abi.encodeWithSelector(Guard.TooLate.selector, keccak256(change), notAfter);
        executeExpecting(safe, call(address(safe), change), reason);
        vm.warp(notAfter);
        execute(safe, call(address(safe), change));
        vm.assertTrue(safe.isOwner(NEW_OWNER));
    }

    function test_ChangeIsAnnouncedAgainOnlyAfterItsWindow() public {
        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        bytes memory again = abi.encodeCall(Guard.announce, (change));
        bytes memory reason = abi.encodeWithSelector(Guard.AlreadyAnnounced.selector, keccak256(change));
        vm.warp(block.timestamp + DELAY + WINDOW);
        executeExpecting(safe, call(address(guard), again), reason);
        vm.warp(block.timestamp + 1);
        announce(change);
        reason = abi.encodeWithSelector(Guard.TooEarly.selector, keccak256(change), block.timestamp + DELAY);
        executeExpecting(safe, call(address(safe), change), reason);
    }

    function test_ChangeCanBeAnnouncedByUserOperationAndInABatch() public {
        bytes memory first = swap(1, NEW_OWNER);
        (bool ok,) = operate(safe, call(address(guard), abi.encodeCall(Guard.announce, (first))));
        vm.assertTrue(ok);
        bytes memory second = abi.encodeCall(IOwnerManager.changeThreshold, (3));
        execute(safe, batch(packed(address(guard), 0, abi.encodeCall(Guard.announce, (second)))));
        vm.warp(block.timestamp + DELAY);
        execute(safe, call(address(safe), second));
        vm.assertEq(safe.getThreshold(), 3);
    }

    function test_ChangeIsNeverExecutedByUserOperationNorInABatch() public {
        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        vm.warp(block.timestamp + DELAY);
        bytes memory reason = abi.encodeWithSelector(Guard.SelfCallRefused.selector);
        (bool ok, bytes memory said) = operate(safe, call(address(safe), change));
        vm.assertFalse(ok);
        vm.assertEq(said, reason);
        executeExpecting(safe, batch(packed(address(safe), 0, change)), reason);
        executeExpecting(safe, Transaction(address(safe), 1, change, Enum.Operation.Call), reason);
    }

    function test_AnotherSafesAnnouncementDoesNotCount() public {
        bytes memory change = abi.encodeCall(IOwnerManager.changeThreshold, (1));
        ISafe other = newSafe(true);
        execute(other, call(address(guard), abi.encodeCall(Guard.announce, (change))));
        vm.warp(block.timestamp + DELAY);
        bytes memory reason = abi.encodeWithSelector(Guard.NotAnnounced.selector, keccak256(change));
        executeExpecting(safe, call(address(safe), change), reason);
        execute(other, call(address(other), change));
    }

    function test_StrangerAnnouncesForHimselfOnly() public {
        bytes memory change = abi.encodeCall(IOwnerManager.changeThreshold, (1));
        vm.prank(STRANGER);
        guard.announce(change);
        vm.warp(block.timestamp + DELAY);
        bytes memory reason = abi.encodeWithSelector(Guard.NotAnnounced.selector, keccak256(change));
        executeExpecting(safe, call(address(safe), change), reason);
    }

    function testFuzz_ChangeIsExecutedInItsWindowOnly(uint32 later) public {
        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        vm.warp(block.timestamp + later);
        (bool ok,) = tryExecute(safe, call(address(safe), change));
        vm.assertTrue(ok == (later >= DELAY && later <= DELAY + WINDOW));
        vm.assertTrue(ok == safe.isOwner(NEW_OWNER));
    }

    // --- cancelling

    function test_AnyOwnerCancels() public {
        bytes memory change = abi.encodeCall(IOwnerManager.addOwnerWithThreshold, (STRANGER, 1));
        bytes32 id = keccak256(change);
        for (uint256 i = 0; i < 3; i++) {
            announce(change);
            vm.expectEmit(address(guard));
            emit Guard.Cancelled(address(safe), id, vm.addr(keys[i]));
            vm.prank(vm.addr(keys[i]));
            guard.cancel(address(safe), id);
            vm.warp(block.timestamp + DELAY);
            executeExpecting(safe, call(address(safe), change), abi.encodeWithSelector(Guard.NotAnnounced.selector, id));
        }
    }

    function test_TheSafeCancels() public {
        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        execute(safe, call(address(guard), abi.encodeCall(Guard.cancel, (address(safe), keccak256(change)))));
        announce(change);
    }

    function test_StrangersDoNotCancel() public {
        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        address[2] memory strangers = [STRANGER, NEW_OWNER];
        for (uint256 i = 0; i < strangers.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(Guard.NotAllowedToCancel.selector, strangers[i]));
            vm.prank(strangers[i]);
            guard.cancel(address(safe), keccak256(change));
        }
        vm.expectRevert(abi.encodeWithSelector(Guard.NotAnnounced.selector, bytes32(0)));
        guard.cancel(address(safe), bytes32(0));
    }

    /// Otherwise a thief of one key could keep it in the Safe for ever.
    function test_OwnerDoesNotCancelHisOwnRemoval() public {
        address owner = safe.getOwners()[0];
        bytes[2] memory changes = [
            abi.encodeCall(IOwnerManager.swapOwner, (SENTINEL, owner, NEW_OWNER)),
            abi.encodeCall(IOwnerManager.removeOwner, (SENTINEL, owner, 2))
        ];
        for (uint256 i = 0; i < changes.length; i++) {
            announce(changes[i]);
            vm.expectRevert(abi.encodeWithSelector(Guard.NotAllowedToCancel.selector, owner));
            vm.prank(owner);
            guard.cancel(address(safe), keccak256(changes[i]));
            vm.prank(safe.getOwners()[1]);
            guard.cancel(address(safe), keccak256(changes[i]));
        }
    }

    // --- leaving

    /// Two changes announced together, one after the other: then the Safe is as any other again.
    function test_GuardsAreTakenOffInTime() public {
        bytes memory first = abi.encodeCall(IGuardManager.setGuard, (address(0)));
        bytes memory second = abi.encodeCall(IModuleManager.setModuleGuard, (address(0)));
        announce(first);
        announce(second);
        vm.warp(block.timestamp + DELAY);
        execute(safe, call(address(safe), second));
        execute(safe, call(address(safe), first));
        execute(safe, call(address(safe), swap(1, NEW_OWNER)));
        vm.assertTrue(safe.isOwner(NEW_OWNER));
    }

    function test_SafeWithMoreOwnersThanCanBeComparedIsRefused() public {
        ISafe bare = newSafe(false);
        bytes memory inner;
        for (uint160 i = 0; i < 98; i++) {
            bytes memory add = abi.encodeCall(IOwnerManager.addOwnerWithThreshold, (address(0x1000 + i), 2));
            inner = bytes.concat(inner, packed(address(bare), 0, add));
        }
        execute(bare, batch(inner)); // 101 owners
        execute(bare, call(address(bare), abi.encodeCall(IGuardManager.setGuard, (address(guard)))));
        (bool ok, bytes memory reason) = tryExecute(bare, call(CUSTOMER, ""));
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(Guard.NotASafe.selector, bare));
        // Changes are not compared with anything, so the way out stays open.
        bytes memory change = abi.encodeCall(IOwnerManager.removeOwner, (SENTINEL, address(0x1000 + 97), 2));
        bytes32 slot = keccak256(abi.encode(keccak256(change), keccak256(abi.encode(bare, 9))));
        vm.store(address(guard), slot, bytes32(block.timestamp));
        execute(bare, call(address(bare), change));
        execute(bare, call(CUSTOMER, ""));
    }

    // --- gas, recorded in contracts/snapshots

    function test_GasOfPaymentsWithAndWithoutTheGuard() public {
        string[2] memory names = ["without guard", "with guard"];
        for (uint256 g = 0; g < 2; g++) {
            ISafe from = newSafe(g == 1);
            token.mint(address(from), 1_000_000);
            entryPoint.depositTo{value: 1 ether}(address(from));
            execute(from, payments(100)); // nobody's first payment
            operate(from, payments(100));
            record(from, call(address(token), abi.encodeCall(token.transfer, (recipient(0), 3))), "1", names[g]);
            record(from, payments(10), "10", names[g]);
            record(from, payments(100), "100", names[g]);
        }
    }

    /// What is read to compare twice is cold twice, because Safe undoes a simulation and with it what
    /// it made warm (EIP-2929). A transaction that names those slots pays for them once (EIP-2930).
    function test_GasOfPaymentsWithAnAccessList() public {
        execute(safe, payments(100)); // nobody's first payment
        Transaction memory one = call(address(token), abi.encodeCall(token.transfer, (recipient(0), 3)));
        vm.record();
        execute(safe, one);
        (bytes32[] memory reads,) = vm.accesses(address(safe));
        Vm.AccessListItem[] memory items = new Vm.AccessListItem[](2);
        items[0] = Vm.AccessListItem(address(safe), distinct(reads));
        items[1].target = address(guard);
        vm.accessList(items);
        execute(safe, one);
        vm.snapshotGasLastCall("gas", "safe: execTransaction of 1, with guard and access list");
        vm.accessList(items);
        execute(safe, payments(100));
        vm.snapshotGasLastCall("gas", "safe: execTransaction of 100, with guard and access list");
        vm.noAccessList();
    }

    function distinct(bytes32[] memory slots) private pure returns (bytes32[] memory once) {
        uint256 n;
        for (uint256 i = 0; i < slots.length; i++) {
            uint256 j = 0;
            while (j < n && slots[j] != slots[i]) j++;
            if (j == n) slots[n++] = slots[i];
        }
        once = new bytes32[](n);
        for (uint256 i = 0; i < n; i++) {
            once[i] = slots[i];
        }
    }

    function record(ISafe from, Transaction memory t, string memory n, string memory guarded) private {
        execute(from, t);
        vm.snapshotGasLastCall("gas", string.concat("safe: execTransaction of ", n, ", ", guarded));
        operate(from, t);
        vm.snapshotGasLastCall("gas", string.concat("safe: user operation of ", n, ", ", guarded));
    }

    function test_GasOfPrefundAndChanges() public {
        ISafe bare = newSafe(false);
        token.mint(address(bare), 1_000_000);
        Transaction memory t = call(address(token), abi.encodeCall(token.transfer, (CUSTOMER, 3)));
        operate(bare, t);
        operate(bare, t);
        vm.snapshotGasLastCall("gas", "safe: user operation of 1 that pays its prefund, without guard");
        operate(safe, t);
        operate(safe, t);
        vm.snapshotGasLastCall("gas", "safe: user operation of 1 that pays its prefund, with guard");

        bytes memory change = swap(1, NEW_OWNER);
        announce(change);
        vm.snapshotGasLastCall("gas", "guard: announce swapOwner");
        vm.warp(block.timestamp + DELAY);
        execute(safe, call(address(safe), change));
        vm.snapshotGasLastCall("gas", "guard: execute swapOwner");
    }

    // --- shapes

    function announce(bytes memory change) private {
        execute(safe, call(address(guard), abi.encodeCall(Guard.announce, (change))));
    }

    /// The owner of a key is replaced.
    function swap(uint256 key, address by) private view returns (bytes memory) {
        address[] memory owners = safe.getOwners();
        address previous = SENTINEL;
        for (uint256 i = 0; i < owners.length && owners[i] != vm.addr(keys[key]); i++) {
            previous = owners[i];
        }
        return abi.encodeCall(IOwnerManager.swapOwner, (previous, vm.addr(keys[key]), by));
    }

    /// A batch of so many token transfers to as many customers.
    function payments(uint256 n) private view returns (Transaction memory) {
        bytes memory inner;
        for (uint256 i = 0; i < n; i++) {
            inner = bytes.concat(inner, packed(address(token), 0, abi.encodeCall(token.transfer, (recipient(i), 3))));
        }
        return batch(inner);
    }

    function recipient(uint256 i) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("customer", i)))));
    }
}
