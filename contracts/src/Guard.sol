// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {BaseTransactionGuard, ITransactionGuard} from "@safe-global/safe-smart-account/contracts/base/GuardManager.sol";
import {BaseModuleGuard, IModuleGuard} from "@safe-global/safe-smart-account/contracts/base/ModuleManager.sol";
import {IERC165} from "@safe-global/safe-smart-account/contracts/interfaces/IERC165.sol";
import {IOwnerManager} from "@safe-global/safe-smart-account/contracts/interfaces/IOwnerManager.sol";
import {IStorageAccessible} from "@safe-global/safe-smart-account/contracts/interfaces/IStorageAccessible.sol";
import {Enum} from "@safe-global/safe-smart-account/contracts/libraries/Enum.sol";
import {MultiSendCallOnly} from "@safe-global/safe-smart-account/contracts/libraries/MultiSendCallOnly.sol";
import {SafeStorage} from "@safe-global/safe-smart-account/contracts/libraries/SafeStorage.sol";
import {IProxy} from "@safe-global/safe-smart-account/contracts/proxies/SafeProxy.sol";

/// @title Both guards of a Safe 1.5.0: payments pass, changes of the Safe itself wait
/// @notice What the owners sign can pay, but cannot become the Safe's owner. With this contract
/// set by `setGuard` and `setModuleGuard`, `execTransaction` and every module (so every user
/// operation) may:
/// - call anything but the Safe itself, and of this contract only `announce` and `cancel`;
/// - delegatecall MultiSendCallOnly, when every inner call is allowed by the same rule. There the
///   zero address is refused too, because MultiSendCallOnly 1.5.0 takes it for the Safe.
/// Nobody is refunded: safeTxGas, baseGas, gasPrice, gasToken and refundReceiver are zero.
/// Afterwards the Safe must be configured as before: singleton, owners, threshold, modules, both
/// guards, fallback handler.
///
/// A change of the Safe (any call of itself with calldata) is announced by the Safe, waits for
/// `delay`, and can then be executed by `execTransaction` during `window`, once. Until then any
/// owner can cancel it alone, except the removal of that owner. User operations never change the
/// Safe. A delegatecall to anything else is refused even after a wait: to migrate to another
/// singleton, announce that both guards are taken off.
///
/// @dev One instance serves every Safe of a chain: one address to verify and to pin in signers,
/// the same on every chain. No Safe can affect another, because all state is kept under
/// msg.sender.
///
/// The module half runs while a user operation is validated too (the account pays its prefund as
/// a module transaction), so it keeps to ERC-7562: no TIMESTAMP, and no storage but the Safe's
/// own. What it must remember until afterwards travels in the hash that Safe passes from
/// `checkModuleTransaction` to `checkAfterModuleExecution`, so it needs no storage here at all.
///
/// The comparison afterwards is a second line: nothing that passes the first can write the Safe's
/// storage. It cannot see every write (a mapping entry outside of the linked lists, say).
/// SafeStorage gives `configuration`, which runs as code of the Safe, that Safe's layout; this
/// contract's own variables come after it.
contract Guard is SafeStorage, BaseTransactionGuard, BaseModuleGuard {
    error ZeroMultiSend();
    error ZeroTime();
    error RefundRefused();
    error NestedTransaction();
    error SelfCallRefused();
    error GuardCallRefused();
    error DelegateCallRefused(address to);
    error MalformedBatch();
    error ConfigurationChanged();
    error NotASafe(address safe);
    error TooManyEntries();
    error AlreadyAnnounced(bytes32 id);
    error NotAnnounced(bytes32 id);
    error TooEarly(bytes32 id, uint256 notBefore);
    error TooLate(bytes32 id, uint256 notAfter);
    error NotAllowedToCancel(address caller);

    /// @notice A Safe wants to call itself with `change`, between these times (seconds, Unix).
    event Announced(address indexed safe, bytes32 indexed id, bytes change, uint256 notBefore, uint256 notAfter);
    event Cancelled(address indexed safe, bytes32 indexed id, address indexed by);
    event Executed(address indexed safe, bytes32 indexed id);

    struct Announcement {
        uint64 notBefore; // zero: there is none
        address leaving; // the owner whom the change removes, if it does
    }

    /// @notice The most owners, and the most modules, that a guarded Safe can have.
    uint256 public constant MAX_ENTRIES = 100;

    // Of Safe 1.5.0: keccak256 of "guard_manager.guard.address", "module_manager.module_guard.address"
    // and "fallback_manager.handler.address".
    bytes32 private constant GUARD_SLOT = 0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8;
    bytes32 private constant MODULE_GUARD_SLOT = 0xb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947;
    bytes32 private constant FALLBACK_HANDLER_SLOT = 0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5;
    address private constant SENTINEL = address(1); // first and last of owners and modules

    // MultiSend's packing: operation (1 byte), to (20), value (32), length (32), data.
    uint256 private constant INNER_HEAD = 85;

    /// @dev What a transaction carries from the first hook to the second when it is an announced
    /// change; not the hash of a configuration.
    bytes32 private constant CHANGE = bytes32(uint256(1));

    /// @notice The only contract that a Safe may delegatecall: MultiSendCallOnly.
    address public immutable multiSend;
    /// @notice Seconds that an announced change waits.
    uint64 public immutable delay;
    /// @notice Seconds during which it can be executed then.
    uint64 public immutable window;

    /// @notice Changes that were announced and neither executed nor cancelled, by the hash of
    /// their calldata. The outdated stay until they are announced again.
    mapping(address safe => mapping(bytes32 id => Announcement)) public announcements;

    constructor(address multiSend_, uint64 delay_, uint64 window_) {
        if (multiSend_ == address(0)) revert ZeroMultiSend();
        if (delay_ == 0 || window_ == 0) revert ZeroTime();
        multiSend = multiSend_;
        delay = delay_;
        window = window_;
    }

    // --- the guard of execTransaction

    /// @inheritdoc ITransactionGuard
    function checkTransaction(
        address to,
        uint256 value,
        bytes calldata data,
        Enum.Operation operation,
        uint256 safeTxGas,
        uint256 baseGas,
        uint256 gasPrice,
        address gasToken,
        address payable refundReceiver,
        bytes memory,
        address
    ) external override {
        if ((safeTxGas | baseGas | gasPrice) != 0) revert RefundRefused();
        if (gasToken != address(0) || refundReceiver != address(0)) revert RefundRefused();
        if (_carried() != 0) revert NestedTransaction();
        if (to == msg.sender && data.length > 0) {
            _takeAnnounced(value, data, operation);
            _carry(CHANGE);
        } else {
            _check(to, data, operation);
            _carry(_configurationOf(msg.sender));
        }
    }

    /// @inheritdoc ITransactionGuard
    /// @dev A transaction that fails reverts as a whole, since safeTxGas and gasPrice are zero: what
    /// `checkTransaction` noted is always either used here or undone.
    function checkAfterExecution(bytes32, bool) external override {
        bytes32 before = _carried();
        _carry(0);
        if (before != CHANGE && before != _configurationOf(msg.sender)) revert ConfigurationChanged();
    }

    // --- the guard of modules

    /// @inheritdoc IModuleGuard
    /// @return the hash of the Safe's configuration, which comes back to `checkAfterModuleExecution`
    function checkModuleTransaction(address to, uint256, bytes calldata data, Enum.Operation operation, address)
        external
        override
        returns (bytes32)
    {
        if (to == msg.sender && data.length > 0) revert SelfCallRefused();
        _check(to, data, operation);
        return _configurationOf(msg.sender);
    }

    /// @inheritdoc IModuleGuard
    function checkAfterModuleExecution(bytes32 before, bool) external override {
        if (before != _configurationOf(msg.sender)) revert ConfigurationChanged();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure override(BaseTransactionGuard, BaseModuleGuard) returns (bool) {
        return id == type(ITransactionGuard).interfaceId || id == type(IModuleGuard).interfaceId
            || id == type(IERC165).interfaceId;
    }

    // --- changes

    /// @notice The calling Safe will want to call itself with `change`. Announced again before its
    /// window has passed, it would start to wait anew, so that is refused.
    /// @return id keccak256 of the change
    function announce(bytes calldata change) external returns (bytes32 id) {
        id = keccak256(change);
        Announcement storage announcement = announcements[msg.sender][id];
        uint256 pending = announcement.notBefore;
        if (pending != 0 && block.timestamp <= pending + window) revert AlreadyAnnounced(id);
        uint64 notBefore = uint64(block.timestamp) + delay;
        announcement.notBefore = notBefore;
        announcement.leaving = _leaving(change);
        emit Announced(msg.sender, id, change, notBefore, notBefore + window);
    }

    /// @notice Takes an announcement back. The Safe may, and every owner alone, but nobody can keep
    /// himself from being removed: a stolen key could otherwise never be got rid of.
    function cancel(address safe, bytes32 id) external {
        Announcement memory announcement = announcements[safe][id];
        if (announcement.notBefore == 0) revert NotAnnounced(id);
        if (msg.sender != safe && (msg.sender == announcement.leaving || !IOwnerManager(safe).isOwner(msg.sender))) {
            revert NotAllowedToCancel(msg.sender);
        }
        delete announcements[safe][id];
        emit Cancelled(safe, id, msg.sender);
    }

    /// @notice A hash of whatever decides who controls a Safe. Only meaningful when run as code of
    /// that Safe, by its simulateAndRevert, which undoes everything.
    function configuration() external view returns (bytes32 hash) {
        hash = keccak256(
            abi.encode(singleton, threshold, _load(GUARD_SLOT), _load(MODULE_GUARD_SLOT), _load(FALLBACK_HANDLER_SLOT))
        );
        hash = _withList(hash, owners);
        hash = _withList(hash, modules);
    }

    // --- what is allowed

    function _check(address to, bytes calldata data, Enum.Operation operation) private view {
        if (operation == Enum.Operation.DelegateCall) {
            if (to != multiSend) revert DelegateCallRefused(to);
            _checkBatch(data);
        } else if (to == address(this)) {
            _checkCallOfGuard(data);
        }
    }

    /// @dev Reads multiSend(bytes) as MultiSendCallOnly does, but in canonical ABI encoding only
    /// and with every inner call inside of the bytes.
    function _checkBatch(bytes calldata data) private view {
        if (data.length < 68 || _selector(data) != MultiSendCallOnly.multiSend.selector) revert MalformedBatch();
        uint256 length = uint256(bytes32(data[36:68]));
        if (uint256(bytes32(data[4:36])) != 32 || length > data.length) revert MalformedBatch();
        if (data.length != 68 + (length + 31) / 32 * 32) revert MalformedBatch();

        uint256 end = 68 + length;
        for (uint256 at = 68; at < end;) {
            // Nothing here overflows: at <= end, end is no longer than calldata, and a size is
            // compared with what is left before it is added.
            unchecked {
                uint256 left = end - at;
                if (left < INNER_HEAD) revert MalformedBatch();
                uint256 head;
                uint256 size;
                assembly ("memory-safe") {
                    head := calldataload(add(data.offset, at)) // operation, to, 11 bytes of value
                    size := calldataload(add(data.offset, add(at, 53)))
                }
                // forge-lint: disable-next-line(unsafe-typecast)
                address to = address(uint160(head >> 88)); // drops the operation
                if (head >> 248 != 0 || size > left - INNER_HEAD) revert MalformedBatch();
                if (to == msg.sender || to == address(0)) revert SelfCallRefused();
                if (to == address(this)) _checkCallOfGuard(data[at + INNER_HEAD:at + INNER_HEAD + size]);
                at += INNER_HEAD + size;
            }
        }
    }

    /// @dev The hooks are for Safe's own code to call: a payment that called them could make them
    /// forget what they compare with.
    function _checkCallOfGuard(bytes calldata data) private pure {
        bytes4 selector = _selector(data);
        if (selector != this.announce.selector && selector != this.cancel.selector) revert GuardCallRefused();
    }

    /// @dev An announcement is good for one execution.
    function _takeAnnounced(uint256 value, bytes calldata data, Enum.Operation operation) private {
        if (value != 0 || operation != Enum.Operation.Call) revert SelfCallRefused();
        bytes32 id = keccak256(data);
        uint256 notBefore = announcements[msg.sender][id].notBefore;
        if (notBefore == 0) revert NotAnnounced(id);
        if (block.timestamp < notBefore) revert TooEarly(id, notBefore);
        if (block.timestamp > notBefore + window) revert TooLate(id, notBefore + window);
        delete announcements[msg.sender][id];
        emit Executed(msg.sender, id);
    }

    /// @dev The second argument of removeOwner(prevOwner, owner, threshold) and of
    /// swapOwner(prevOwner, oldOwner, newOwner); zero for other changes.
    function _leaving(bytes calldata change) private pure returns (address) {
        if (change.length < 68) return address(0);
        bytes4 selector = _selector(change);
        if (selector != IOwnerManager.removeOwner.selector && selector != IOwnerManager.swapOwner.selector) {
            return address(0);
        }
        return address(uint160(uint256(bytes32(change[36:68]))));
    }

    /// @dev Shorter calldata is filled up with zeros, and zero is no selector of ours.
    function _selector(bytes calldata data) private pure returns (bytes4) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes4(data);
    }

    // --- what is compared

    /// @dev A Safe whose singleton was replaced would say what its new code likes, so the proxy is
    /// asked first: SafeProxy 1.5.0 answers masterCopy() itself, without the singleton. Only
    /// while that answer is the same does the other one count.
    function _configurationOf(address safe) private returns (bytes32) {
        address running = IProxy(safe).masterCopy();
        bytes memory question = abi.encodeCall(this.configuration, ());
        (bool ok, bytes memory answer) =
            safe.call(abi.encodeCall(IStorageAccessible.simulateAndRevert, (address(this), question)));
        // Reverted with: success, length of the answer, the answer.
        if (ok || answer.length != 96) revert NotASafe(safe);
        (uint256 success, uint256 length, bytes32 hash) = abi.decode(answer, (uint256, uint256, bytes32));
        if (success != 1 || length != 32) revert NotASafe(safe);
        return keccak256(abi.encode(running, hash));
    }

    function _withList(bytes32 hash, mapping(address => address) storage list) private view returns (bytes32) {
        address entry = SENTINEL;
        for (uint256 i = 0; i <= MAX_ENTRIES; i++) {
            entry = list[entry];
            hash = keccak256(abi.encode(hash, entry));
            if (entry == SENTINEL) return hash;
        }
        revert TooManyEntries();
    }

    function _load(bytes32 slot) private view returns (bytes32 value) {
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    // What execTransaction's first hook leaves for its second, for each Safe: transient storage
    // (EIP-1153), in the slot that is the Safe's address.

    function _carry(bytes32 value) private {
        assembly ("memory-safe") {
            tstore(caller(), value)
        }
    }

    function _carried() private view returns (bytes32 value) {
        assembly ("memory-safe") {
            value := tload(caller())
        }
    }
}
