// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IFallbackManager} from "@safe-global/safe-smart-account/contracts/interfaces/IFallbackManager.sol";
import {IGuardManager} from "@safe-global/safe-smart-account/contracts/interfaces/IGuardManager.sol";
import {IModuleManager} from "@safe-global/safe-smart-account/contracts/interfaces/IModuleManager.sol";
import {IOwnerManager} from "@safe-global/safe-smart-account/contracts/interfaces/IOwnerManager.sol";
import {ISafe} from "@safe-global/safe-smart-account/contracts/interfaces/ISafe.sol";
import {Enum} from "@safe-global/safe-smart-account/contracts/libraries/Enum.sol";
import {MultiSendCallOnly} from "@safe-global/safe-smart-account/contracts/libraries/MultiSendCallOnly.sol";

import {Guard} from "../src/Guard.sol";
import {ISafe4337Module, SafeTest, Transaction} from "./SafeTest.sol";
import {LyingSingleton} from "./attacks/LyingSingleton.sol";
import {Meddler} from "./attacks/Meddler.sol";
import {Nester} from "./attacks/Nester.sol";
import {SlotZero} from "./attacks/SlotZero.sol";
import {ThiefModule} from "./attacks/ThiefModule.sol";
import {ThiefSingleton} from "./attacks/ThiefSingleton.sol";
import {PlainToken} from "./tokens/PlainToken.sol";

/// @notice Everything here is well signed by enough owners: what a quorum of fooled or stolen keys
/// can do to a Safe, with and without the guard.
contract GuardAttacksTest is SafeTest {
    address constant THIEF = address(0xBAD);
    address constant SENTINEL = address(1);

    PlainToken token;
    SlotZero slotZero;
    ThiefModule thiefModule;
    Meddler meddler;

    function setUp() public override {
        super.setUp();
        token = new PlainToken();
        slotZero = new SlotZero();
        thiefModule = new ThiefModule();
        meddler = new Meddler();
        vm.allowCheatcodes(address(meddler));
    }

    // --- the payloads, one by one

    function test_BybitPayload() public {
        address thief = address(new ThiefSingleton());
        bytes memory data = abi.encodeCall(SlotZero.transfer, (thief, 0));
        Transaction memory payload = Transaction(address(slotZero), 0, data, Enum.Operation.DelegateCall);

        ISafe bare = newSafe(false);
        execute(bare, payload);
        ThiefSingleton(address(bare)).sweep(payable(THIEF));
        vm.assertEq(THIEF.balance, 10 ether, "the attack does not work at all");

        refused(payload, Guard.DelegateCallRefused.selector, Guard.DelegateCallRefused.selector);
    }

    function test_BybitPayloadByUserOperationPassesATransactionGuardAlone() public {
        bytes memory data = abi.encodeCall(SlotZero.transfer, (address(new ThiefSingleton()), 0));
        Transaction memory payload = Transaction(address(slotZero), 0, data, Enum.Operation.DelegateCall);
        ISafe half = newSafe(address(guard), address(0));
        (bool ok,) = operate(half, payload);
        vm.assertTrue(ok, "then the module guard would not be needed");
        ThiefSingleton(address(half)).sweep(payable(THIEF));
        vm.assertTrue(THIEF.balance > 9 ether);
    }

    function test_FallbackHandlerDrain() public {
        bytes memory data = abi.encodeCall(IFallbackManager.setFallbackHandler, (address(token)));

        ISafe bare = newSafe(false);
        token.mint(address(bare), 100);
        execute(bare, call(address(bare), data));
        vm.prank(THIEF);
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        PlainToken(address(bare)).transfer(THIEF, 100);
        vm.assertEq(token.balanceOf(THIEF), 100, "the attack does not work at all");

        changeRefused(data);
    }

    function test_ModuleEnabledByMultiSendAndUsedInTheSameBatch() public {
        Transaction memory payload = enableAndSteal(newSafe(false), false);
        execute(ISafe(payable(victim)), payload);
        vm.assertEq(THIEF.balance, 1 ether, "the attack does not work at all");

        ISafe safe = newSafe(true);
        refusedBy(safe, enableAndSteal(safe, false), Guard.SelfCallRefused.selector, Guard.SelfCallRefused.selector);
    }

    function test_ModuleEnabledUsedAndDisabledInOneBatchLeavesNoTraceButIsRefused() public {
        ISafe bare = newSafe(false);
        Transaction memory payload = enableAndSteal(bare, true);
        bytes memory before = controlOf(bare);
        execute(bare, payload);
        vm.assertEq(THIEF.balance, 1 ether, "the attack does not work at all");
        vm.assertEq(controlOf(bare), before, "a comparison would have seen it");

        ISafe safe = newSafe(true);
        refusedBy(safe, enableAndSteal(safe, true), Guard.SelfCallRefused.selector, Guard.SelfCallRefused.selector);
    }

    function test_ModulesCannotBeEnabled() public {
        changeRefused(abi.encodeCall(IModuleManager.enableModule, (address(thiefModule))));
    }

    function test_ModulesCannotBeDisabled() public {
        changeRefused(abi.encodeCall(IModuleManager.disableModule, (SENTINEL, address(module))));
    }

    function test_GuardsCannotBeTakenOff() public {
        changeRefused(abi.encodeCall(IGuardManager.setGuard, (address(0))));
        changeRefused(abi.encodeCall(IModuleManager.setModuleGuard, (address(0))));
    }

    function test_OwnersAndThresholdCannotBeChanged() public {
        address first = newSafe(false).getOwners()[0];
        changeRefused(abi.encodeCall(IOwnerManager.swapOwner, (SENTINEL, first, THIEF)));
        changeRefused(abi.encodeCall(IOwnerManager.addOwnerWithThreshold, (THIEF, 1)));
        changeRefused(abi.encodeCall(IOwnerManager.removeOwner, (SENTINEL, first, 1)));
        changeRefused(abi.encodeCall(IOwnerManager.changeThreshold, (1)));
    }

    // --- delegatecalls

    function test_DelegateCallsOfAnythingElseAreRefused() public {
        bytes memory transfer = abi.encodeCall(PlainToken.transfer, (THIEF, 0));
        address multiSendProper = npmArtifact("libraries/MultiSend.sol/MultiSend.json");
        bytes memory batchOfNothing = abi.encodeCall(MultiSendCallOnly.multiSend, (""));
        address signMessage = npmArtifact("libraries/SignMessageLib.sol/SignMessageLib.json");
        Transaction[6] memory ts = [
            Transaction(address(token), 0, transfer, Enum.Operation.DelegateCall),
            Transaction(multiSendProper, 0, batchOfNothing, Enum.Operation.DelegateCall),
            Transaction(signMessage, 0, abi.encodeWithSignature("signMessage(bytes)", ""), Enum.Operation.DelegateCall),
            Transaction(address(guard), 0, abi.encodeCall(Guard.announce, ("")), Enum.Operation.DelegateCall),
            Transaction(THIEF, 0, "", Enum.Operation.DelegateCall),
            Transaction(address(0), 0, "", Enum.Operation.DelegateCall)
        ];
        for (uint256 i = 0; i < ts.length; i++) {
            refused(ts[i], Guard.DelegateCallRefused.selector, Guard.DelegateCallRefused.selector);
        }
    }

    function test_DelegateCallOfTheSafeItselfIsRefused() public {
        ISafe safe = newSafe(true);
        bytes memory data = abi.encodeCall(IOwnerManager.changeThreshold, (1));
        Transaction memory t = Transaction(address(safe), 0, data, Enum.Operation.DelegateCall);
        refusedBy(safe, t, Guard.SelfCallRefused.selector, Guard.SelfCallRefused.selector);
        t.data = "";
        refusedBy(safe, t, Guard.DelegateCallRefused.selector, Guard.DelegateCallRefused.selector);
    }

    // --- batches

    /// MultiSendCallOnly reads calldata more generously than anyone who checks it may.
    function test_BatchesThatCouldBeReadInTwoWaysAreRefused() public {
        bytes memory inner = packed(THIEF, 1, "");
        bytes memory good = abi.encodeCall(MultiSendCallOnly.multiSend, (inner));
        bytes[11] memory bad = [
            bytes(""), // no call of multiSend
            hex"8d80ff0a", // no arguments
            abi.encodeWithSignature("multisend(bytes)", inner),
            bytes.concat(good, new bytes(32)), // bytes behind the end
            cut(good, good.length - 1), // the padding is short
            bytes.concat(selectorOf(good), abi.encode(64, 0, inner.length), inner, new bytes(10)), // another offset
            abi.encodeCall(MultiSendCallOnly.multiSend, (bytes.concat(inner, hex"00"))), // a byte that is no call
            abi.encodeCall(MultiSendCallOnly.multiSend, (cut(inner, 84))), // a call cut short
            abi.encodeCall(MultiSendCallOnly.multiSend, (abi.encodePacked(uint8(0), THIEF, uint256(1), uint256(1)))), // data that ends outside
            abi.encodeCall(
                MultiSendCallOnly.multiSend,
                (abi.encodePacked(uint8(0), THIEF, uint256(1), type(uint256).max - 84, inner))
            ), // data whose length leads back to the start
            abi.encodeCall(MultiSendCallOnly.multiSend, (abi.encodePacked(uint8(1), THIEF, uint256(0), uint256(0))))
            // a delegatecall inside
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            Transaction memory t = Transaction(multiSend, 0, bad[i], Enum.Operation.DelegateCall);
            refused(t, Guard.MalformedBatch.selector, Guard.MalformedBatch.selector);
        }
    }

    /// Wherever in a batch it stands, a call of the Safe is found.
    function testFuzz_CallOfTheSafeIsFoundAnywhereInABatch(uint8 before, uint8 behind, bytes calldata data, bool zero)
        public
    {
        ISafe safe = newSafe(true);
        bytes memory inner;
        for (uint256 i = 0; i < before % 8; i++) {
            inner = bytes.concat(inner, packed(THIEF, 0, data));
        }
        inner = bytes.concat(inner, packed(zero ? address(0) : address(safe), 0, data));
        for (uint256 i = 0; i < behind % 8; i++) {
            inner = bytes.concat(inner, packed(THIEF, 0, data));
        }
        (bool ok, bytes memory reason) = tryExecute(safe, batch(inner));
        vm.assertFalse(ok);
        vm.assertTrue(selectorOf(reason) == Guard.SelfCallRefused.selector);
    }

    /// A call of the Safe lies in the data of a harmless call. Whatever length that data claims to
    /// have, guard and MultiSendCallOnly begin the next call at the same byte.
    function test_CallHiddenInTheDataOfAnotherIsNeverMade() public {
        ISafe safe = newSafe(true);
        bytes memory before = controlOf(safe);
        bytes memory hidden = packed(address(0), 0, abi.encodeCall(IOwnerManager.changeThreshold, (1)));
        bool found;
        for (uint256 size = 0; size <= hidden.length + 32; size++) {
            bytes memory inner = bytes.concat(abi.encodePacked(uint8(0), THIEF, uint256(0), size), hidden);
            (bool ok, bytes memory reason) = tryExecute(safe, batch(inner));
            vm.assertTrue(!ok || size == hidden.length);
            if (!ok && selectorOf(reason) == Guard.SelfCallRefused.selector) found = true;
        }
        vm.assertTrue(found);
        vm.assertEq(controlOf(safe), before);
    }

    /// Whatever bytes are sent to MultiSendCallOnly, the Safe stays whose it is.
    function testFuzz_NoBatchChangesTheSafe(bytes calldata inner, bytes calldata raw) public {
        ISafe safe = newSafe(true);
        bytes memory before = controlOf(safe);
        tryExecute(safe, batch(inner));
        tryExecute(safe, Transaction(multiSend, 0, raw, Enum.Operation.DelegateCall));
        vm.assertEq(controlOf(safe), before);
    }

    // --- refunds

    function test_RefundsAreRefused() public {
        ISafe safe = newSafe(true);
        vm.deal(address(safe), 10 ether);
        for (uint256 i = 0; i < 5; i++) {
            uint256[3] memory n; // safeTxGas, baseGas, gasPrice
            address gasToken;
            address receiver;
            if (i < 3) n[i] = 1;
            if (i == 3) gasToken = address(token);
            if (i == 4) receiver = THIEF;
            bytes32 hash = safe.getTransactionHash(
                THIEF, 1, "", Enum.Operation.Call, n[0], n[1], n[2], gasToken, receiver, safe.nonce()
            );
            bytes memory signatures = sign(hash);
            vm.expectRevert(abi.encodeWithSelector(Guard.RefundRefused.selector));
            safe.execTransaction(
                THIEF, 1, "", Enum.Operation.Call, n[0], n[1], n[2], gasToken, payable(receiver), signatures
            );
        }
    }

    // --- against the guard itself

    /// The first hook called again in the middle would make the guard compare with the wrong
    /// configuration.
    function test_PaymentsCannotCallTheHooks() public {
        bytes memory begin = abi.encodeCall(
            guard.checkTransaction, (THIEF, 0, "", Enum.Operation.Call, 0, 0, 0, address(0), payable(0), "", address(0))
        );
        bytes memory end = abi.encodeCall(guard.checkAfterExecution, (bytes32(0), true));
        refused(call(address(guard), begin), Guard.GuardCallRefused.selector, Guard.GuardCallRefused.selector);
        refused(call(address(guard), end), Guard.GuardCallRefused.selector, Guard.GuardCallRefused.selector);
        refused(call(address(guard), ""), Guard.GuardCallRefused.selector, Guard.GuardCallRefused.selector);
        Transaction memory both = batch(bytes.concat(packed(address(guard), 0, end), packed(address(guard), 0, begin)));
        refused(both, Guard.GuardCallRefused.selector, Guard.GuardCallRefused.selector);
    }

    function test_TransactionInsideATransactionIsRefused() public {
        ISafe safe = newSafe(true);
        Nester nester = new Nester();
        Transaction memory outer = Transaction(address(nester), 1, "", Enum.Operation.Call);
        // The inner one is signed for the nonce that is next while the outer one runs.
        Transaction memory inner = Transaction(THIEF, 1, "", Enum.Operation.Call);
        bytes32 hash = safe.getTransactionHash(
            inner.to, 1, "", Enum.Operation.Call, 0, 0, 0, address(0), address(0), safe.nonce() + 1
        );
        bytes memory data = abi.encodeCall(
            ISafe.execTransaction, (inner.to, 1, "", Enum.Operation.Call, 0, 0, 0, address(0), payable(0), sign(hash))
        );
        nester.arm(address(safe), data);
        bytes memory reason = abi.encodeWithSelector(Guard.NestedTransaction.selector);
        executeExpecting(safe, outer, abi.encodeWithSelector(Nester.Failed.selector, reason));
    }

    function test_OneSafesTransactionInsideAnothersIsNot() public {
        ISafe one = newSafe(true);
        ISafe other = newSafe(true);
        Nester nester = new Nester();
        nester.arm(address(other), execution(other, Transaction(THIEF, 1, "", Enum.Operation.Call)));
        execute(one, Transaction(address(nester), 1, "", Enum.Operation.Call));
        vm.assertEq(THIEF.balance, 1);
    }

    function test_EveryModuleIsGuarded() public {
        ISafe safe = newSafe(false);
        execute(safe, call(address(safe), abi.encodeCall(IModuleManager.enableModule, (address(thiefModule)))));
        bytes memory inner = bytes.concat(
            packed(address(safe), 0, abi.encodeCall(IModuleManager.setModuleGuard, (address(guard)))),
            packed(address(safe), 0, abi.encodeCall(IGuardManager.setGuard, (address(guard))))
        );
        execute(safe, batch(inner)); // as owners of a Safe that exists would set both guards
        bytes memory lower = abi.encodeCall(IOwnerManager.changeThreshold, (1));
        vm.expectRevert(abi.encodeWithSelector(Guard.SelfCallRefused.selector));
        thiefModule.run(safe, address(safe), 0, lower, Enum.Operation.Call);
        vm.expectRevert(abi.encodeWithSelector(Guard.DelegateCallRefused.selector, address(slotZero)));
        thiefModule.run(safe, address(slotZero), 0, "", Enum.Operation.DelegateCall);
    }

    /// The module believes the last 20 bytes of its calldata to be its caller (ERC-2771), and a Safe
    /// can append the EntryPoint's address. What it does then is a module's transaction as any other.
    function test_CallOfTheModuleInTheEntryPointsNameIsGuarded() public {
        ISafe safe = newSafe(true);
        bytes memory lower = abi.encodeCall(IOwnerManager.changeThreshold, (1));
        bytes memory data = abi.encodeCall(ISafe4337Module.executeUserOpWithErrorString, (address(safe), 0, lower, 0));
        Transaction memory t = call(address(module), bytes.concat(data, abi.encodePacked(entryPoint)));
        executeExpecting(safe, t, abi.encodeWithSelector(Guard.SelfCallRefused.selector));
        data = abi.encodeCall(ISafe4337Module.executeUserOpWithErrorString, (THIEF, 1, "", 0));
        execute(safe, call(address(module), bytes.concat(data, abi.encodePacked(entryPoint))));
        vm.assertEq(THIEF.balance, 1);
    }

    // --- the second line: a change that came in some other way

    function test_ChangedConfigurationIsSeen() public {
        bytes32 thief = bytes32(uint256(uint160(THIEF)));
        bytes32[7] memory slots = [
            bytes32(0), // singleton
            keccak256(abi.encode(SENTINEL, 1)), // modules
            keccak256(abi.encode(SENTINEL, 2)), // owners
            bytes32(uint256(4)), // threshold
            keccak256("guard_manager.guard.address"),
            keccak256("module_manager.module_guard.address"),
            keccak256("fallback_manager.handler.address")
        ];
        ISafe safe = newSafe(true);
        bytes memory before = controlOf(safe);
        for (uint256 i = 0; i < slots.length; i++) {
            Transaction memory t = call(address(meddler), abi.encodeCall(Meddler.write, (slots[i], thief)));
            (bool ok,) = tryExecute(safe, t);
            vm.assertFalse(ok, "execTransaction");
            (ok,) = operate(safe, t);
            vm.assertFalse(ok, "user operation");
            vm.assertEq(controlOf(safe), before);
        }
        bytes memory nothing = abi.encodeCall(Meddler.write, (keccak256("another slot"), thief));
        execute(safe, call(address(meddler), nothing));
        (bool passed,) = operate(safe, call(address(meddler), nothing));
        vm.assertTrue(passed);
    }

    function test_ThresholdChangedInAnotherWaySaysSo() public {
        ISafe safe = newSafe(true);
        bytes memory write = abi.encodeCall(Meddler.write, (bytes32(uint256(4)), bytes32(uint256(1))));
        Transaction memory t = call(address(meddler), write);
        executeExpecting(safe, t, abi.encodeWithSelector(Guard.ConfigurationChanged.selector));
        (bool ok, bytes memory reason) = operate(safe, t);
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(Guard.ConfigurationChanged.selector));
    }

    /// Code that took the place of the Safe's may answer every question as before. The proxy cannot.
    function test_LyingSingletonIsSeen() public {
        ISafe safe = newSafe(true);
        bytes memory question = abi.encodeCall(guard.configuration, ());
        bytes32 told;
        try safe.simulateAndRevert(address(guard), question) {}
        catch (bytes memory answer) {
            (,, told) = abi.decode(answer, (uint256, uint256, bytes32));
        }
        vm.assertTrue(told != 0);
        bytes32 liar = bytes32(uint256(uint160(address(new LyingSingleton(singleton, told)))));
        Transaction memory t = call(address(meddler), abi.encodeCall(Meddler.write, (bytes32(0), liar)));
        executeExpecting(safe, t, abi.encodeWithSelector(Guard.ConfigurationChanged.selector));
        (bool ok, bytes memory reason) = operate(safe, t);
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(Guard.ConfigurationChanged.selector));
    }

    // --- what the tests above say

    address private victim; // of the last payload that depends on the Safe

    /// Enables a module, steals an ether through it, and perhaps disables it again.
    function enableAndSteal(ISafe safe, bool disable) private returns (Transaction memory) {
        victim = address(safe);
        bytes memory steal = abi.encodeCall(ThiefModule.run, (safe, THIEF, 1 ether, "", Enum.Operation.Call));
        bytes memory inner = bytes.concat(
            packed(address(safe), 0, abi.encodeCall(IModuleManager.enableModule, (address(thiefModule)))),
            packed(address(thiefModule), 0, steal)
        );
        if (!disable) return batch(inner);
        bytes memory off = abi.encodeCall(IModuleManager.disableModule, (SENTINEL, address(thiefModule)));
        return batch(bytes.concat(inner, packed(address(safe), 0, off)));
    }

    /// The change works where there is no guard, and is refused where there is: as a call, and in a
    /// batch that names the Safe or the zero address.
    function changeRefused(bytes memory data) private {
        address[3] memory ways = [address(1), address(2), address(0)];
        for (uint256 i = 0; i < ways.length; i++) {
            ISafe bare = newSafe(false);
            bytes memory before = controlOf(bare);
            bytes4 selector = selectorOf(data);
            bool ofGuards =
                selector == IGuardManager.setGuard.selector || selector == IModuleManager.setModuleGuard.selector;
            if (!ofGuards) {
                execute(bare, change(bare, i, data));
                vm.assertTrue(keccak256(controlOf(bare)) != keccak256(before), "the change does not work at all");
            }
            ISafe safe = newSafe(true);
            bytes4 direct = i == 0 ? Guard.NotAnnounced.selector : Guard.SelfCallRefused.selector;
            refusedBy(safe, change(safe, i, data), direct, Guard.SelfCallRefused.selector);
        }
    }

    function change(ISafe safe, uint256 way, bytes memory data) private view returns (Transaction memory) {
        if (way == 0) return call(address(safe), data);
        return batch(packed(way == 1 ? address(safe) : address(0), 0, data));
    }

    function refused(Transaction memory t, bytes4 byTransaction, bytes4 byOperation) private {
        refusedBy(newSafe(true), t, byTransaction, byOperation);
    }

    function refusedBy(ISafe safe, Transaction memory t, bytes4 byTransaction, bytes4 byOperation) private {
        bytes memory before = controlOf(safe);
        uint256 thief = THIEF.balance;
        uint256 nonce = safe.nonce();
        (bool ok, bytes memory reason) = tryExecute(safe, t);
        vm.assertFalse(ok, "execTransaction");
        vm.assertTrue(selectorOf(reason) == byTransaction, "reason of execTransaction");
        vm.assertEq(safe.nonce(), nonce);
        (ok, reason) = operate(safe, t);
        vm.assertFalse(ok, "user operation");
        vm.assertTrue(selectorOf(reason) == byOperation, "reason of the user operation");
        vm.assertEq(controlOf(safe), before, "the Safe changed");
        vm.assertEq(THIEF.balance, thief, "the thief was paid");
    }

    function cut(bytes memory data, uint256 length) private pure returns (bytes memory shorter) {
        shorter = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            shorter[i] = data[i];
        }
    }
}
