// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ISafe} from "@safe-global/safe-smart-account/contracts/interfaces/ISafe.sol";
import {IGuardManager} from "@safe-global/safe-smart-account/contracts/interfaces/IGuardManager.sol";
import {IModuleManager} from "@safe-global/safe-smart-account/contracts/interfaces/IModuleManager.sol";
import {Enum} from "@safe-global/safe-smart-account/contracts/libraries/Enum.sol";
import {MultiSendCallOnly} from "@safe-global/safe-smart-account/contracts/libraries/MultiSendCallOnly.sol";
import {IEntryPoint} from "aa7/interfaces/IEntryPoint.sol";
import {PackedUserOperation} from "aa7/interfaces/PackedUserOperation.sol";

import {Guard} from "../src/Guard.sol";
import {MiniTest, Vm} from "./MiniTest.sol";

interface ISafeProxyFactory {
    function createProxyWithNonce(address singleton, bytes memory initializer, uint256 saltNonce)
        external
        returns (address proxy);
}

interface ISafe4337Module {
    function executeUserOpWithErrorString(address to, uint256 value, bytes memory data, uint8 operation) external;
    function getOperationHash(PackedUserOperation calldata op) external view returns (bytes32);
}

/// @notice What a Safe is asked to do.
struct Transaction {
    address to;
    uint256 value;
    bytes data;
    Enum.Operation operation;
}

/// @notice Safe 1.5.0, its 4337 module and EntryPoint v0.7 from the bytecode that npm ships, and
/// 2-of-3 Safes whose owners' keys are known.
abstract contract SafeTest is MiniTest {
    string private constant SAFE = "contracts/node_modules/@safe-global/safe-smart-account/build/artifacts/contracts/";

    uint64 internal constant DELAY = 1 days;
    uint64 internal constant WINDOW = 3 days;

    address internal singleton;
    address internal multiSend;
    ISafeProxyFactory internal proxies;
    IEntryPoint internal entryPoint;
    ISafe4337Module internal module;
    Guard internal guard;

    uint256[3] internal keys; // in the order of their addresses
    uint256 private safes;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        singleton = _create(string.concat(SAFE, "SafeL2.sol/SafeL2.json"), "");
        proxies =
            ISafeProxyFactory(_create(string.concat(SAFE, "proxies/SafeProxyFactory.sol/SafeProxyFactory.json"), ""));
        multiSend = _create(string.concat(SAFE, "libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json"), "");
        entryPoint = IEntryPoint(_create("contracts/node_modules/aa7/artifacts/EntryPoint.json", ""));
        module = ISafe4337Module(
            _create(
                "contracts/node_modules/@safe-global/safe-4337/build/artifacts/contracts/Safe4337Module.sol/Safe4337Module.json",
                abi.encode(entryPoint)
            )
        );
        guard = new Guard(multiSend, DELAY, WINDOW);
        keys = [uint256(0xA11CE), 0xB0B, 0xCA401];
        _sortKeys();
    }

    // --- Safes

    /// A Safe with the 4337 module, 10 ether, and both guards or none.
    function newSafe(bool guarded) internal returns (ISafe safe) {
        return newSafe(guarded ? address(guard) : address(0), guarded ? address(guard) : address(0));
    }

    /// At its creation a Safe calls itself through MultiSendCallOnly, for which the zero address is
    /// the Safe: its own is not known yet.
    function newSafe(address transactionGuard, address moduleGuard) internal returns (ISafe safe) {
        address[] memory owners = new address[](3);
        for (uint256 i = 0; i < 3; i++) {
            owners[i] = vm.addr(keys[i]);
        }
        bytes memory setup = packed(address(0), 0, abi.encodeCall(IModuleManager.enableModule, (address(module))));
        if (moduleGuard != address(0)) {
            bytes memory data = abi.encodeCall(IModuleManager.setModuleGuard, (moduleGuard));
            setup = bytes.concat(setup, packed(address(0), 0, data));
        }
        if (transactionGuard != address(0)) {
            bytes memory data = abi.encodeCall(IGuardManager.setGuard, (transactionGuard));
            setup = bytes.concat(setup, packed(address(0), 0, data));
        }
        bytes memory initializer = abi.encodeCall(
            ISafe.setup,
            (
                owners,
                2,
                multiSend,
                abi.encodeCall(MultiSendCallOnly.multiSend, (setup)),
                address(module),
                address(0),
                0,
                payable(0)
            )
        );
        safe = ISafe(payable(proxies.createProxyWithNonce(singleton, initializer, safes++)));
        vm.deal(address(safe), 10 ether);
    }

    // --- execTransaction

    function execute(ISafe safe, Transaction memory t) internal {
        bytes memory signatures = sign(transactionHash(safe, t));
        safe.execTransaction(t.to, t.value, t.data, t.operation, 0, 0, 0, address(0), payable(0), signatures);
    }

    function executeExpecting(ISafe safe, Transaction memory t, bytes memory reason) internal {
        bytes memory signatures = sign(transactionHash(safe, t));
        vm.expectRevert(reason);
        safe.execTransaction(t.to, t.value, t.data, t.operation, 0, 0, 0, address(0), payable(0), signatures);
    }

    function tryExecute(ISafe safe, Transaction memory t) internal returns (bool ok, bytes memory reason) {
        return address(safe).call(execution(safe, t));
    }

    /// The calldata of an execution that two owners signed for the Safe's next nonce.
    function execution(ISafe safe, Transaction memory t) internal view returns (bytes memory) {
        bytes memory signatures = sign(transactionHash(safe, t));
        return abi.encodeCall(
            ISafe.execTransaction, (t.to, t.value, t.data, t.operation, 0, 0, 0, address(0), payable(0), signatures)
        );
    }

    function transactionHash(ISafe safe, Transaction memory t) internal view returns (bytes32) {
        uint256 nonce = safe.nonce();
        return safe.getTransactionHash(t.to, t.value, t.data, t.operation, 0, 0, 0, address(0), address(0), nonce);
    }

    // --- user operations

    /// Two owners sign, the EntryPoint executes. The account has no deposit, so it pays its prefund
    /// while the operation is validated.
    /// @return ok what UserOperationEvent says
    /// @return reason what UserOperationRevertReason says
    function operate(ISafe safe, Transaction memory t) internal returns (bool ok, bytes memory reason) {
        PackedUserOperation[] memory ops = new PackedUserOperation[](1);
        ops[0] = operation(safe, t);
        vm.recordLogs();
        entryPoint.handleOps(ops, payable(address(0xBE4E)));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bool seen;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter != address(entryPoint)) continue;
            if (logs[i].topics[0] == IEntryPoint.UserOperationEvent.selector) {
                (, ok,,) = abi.decode(logs[i].data, (uint256, bool, uint256, uint256));
                seen = true;
            } else if (logs[i].topics[0] == IEntryPoint.UserOperationRevertReason.selector) {
                (, reason) = abi.decode(logs[i].data, (uint256, bytes));
            }
        }
        vm.assertTrue(seen, "no UserOperationEvent");
    }

    function operation(ISafe safe, Transaction memory t) internal view returns (PackedUserOperation memory op) {
        op.sender = address(safe);
        op.nonce = entryPoint.getNonce(address(safe), 0);
        op.callData =
            abi.encodeCall(ISafe4337Module.executeUserOpWithErrorString, (t.to, t.value, t.data, uint8(t.operation)));
        op.accountGasLimits = bytes32(uint256(400_000) << 128 | 8_000_000); // verification, call
        op.preVerificationGas = 100_000;
        op.gasFees = bytes32(uint256(1 gwei) << 128 | 1 gwei);
        op.signature = new bytes(12); // always valid
        op.signature = bytes.concat(op.signature, sign(module.getOperationHash(op)));
    }

    // --- bytes

    /// What two owners sign.
    function sign(bytes32 digest) internal view returns (bytes memory signatures) {
        for (uint256 i = 0; i < 2; i++) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            signatures = bytes.concat(signatures, abi.encodePacked(r, s, v));
        }
    }

    /// One call in MultiSend's packing.
    function packed(address to, uint256 value, bytes memory data) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(0), to, value, data.length, data);
    }

    function batch(bytes memory inner) internal view returns (Transaction memory) {
        return
            Transaction(multiSend, 0, abi.encodeCall(MultiSendCallOnly.multiSend, (inner)), Enum.Operation.DelegateCall);
    }

    function call(address to, bytes memory data) internal pure returns (Transaction memory) {
        return Transaction(to, 0, data, Enum.Operation.Call);
    }

    /// The first four bytes of calldata, or of a reason.
    function selectorOf(bytes memory data) internal pure returns (bytes4) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes4(data);
    }

    /// The storage slots that decide who controls a Safe, one after the other.
    function controlOf(ISafe safe) internal view returns (bytes memory control) {
        control = abi.encode(
            vm.load(address(safe), 0), // singleton
            safe.getOwners(),
            safe.getThreshold(),
            vm.load(address(safe), keccak256("guard_manager.guard.address")),
            vm.load(address(safe), keccak256("module_manager.module_guard.address")),
            vm.load(address(safe), keccak256("fallback_manager.handler.address"))
        );
        (address[] memory modules,) = safe.getModulesPaginated(address(1), 10);
        control = bytes.concat(control, abi.encode(modules));
    }

    function npmArtifact(string memory path) internal returns (address) {
        return _create(string.concat(SAFE, path), "");
    }

    function _create(string memory artifact, bytes memory arguments) private returns (address made) {
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly {
            made := create(0, add(code, 32), mload(code))
        }
        vm.assertTrue(made != address(0), artifact);
    }

    function _sortKeys() private {
        for (uint256 i = 0; i < 3; i++) {
            for (uint256 j = i + 1; j < 3; j++) {
                if (vm.addr(keys[i]) > vm.addr(keys[j])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
        }
    }
}
