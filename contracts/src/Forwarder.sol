// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title What every deposit address runs: whatever it holds can go to one vault only
/// @notice Anyone may flush, at any time and in any pieces. That is safe because a caller chooses
/// neither where the money goes nor what is called on the way: the destination is a constant of
/// this code and the only calls it makes are `balanceOf`, `transfer` to the vault, and a native
/// payment to the vault. There is no owner, no key, no storage, no approval and no delegatecall,
/// so a stolen sweeper key can waste its own gas and nothing else, and a token that calls back
/// finds nothing to exploit. A caller can decide only when money moves: books must read the
/// token's own `Transfer` and `Flushed` whoever sent the transaction.
/// @dev Deposit addresses are minimal clones of one instance (see ForwarderFactory), which end a
/// payment with empty calldata before any delegatecall, so `receive` is not here. The instance
/// itself pays only the vault too.
contract Forwarder {
    error TokenRefused(address token);
    error VaultRefused();

    /// @notice `amount` of `token` left for the vault; the zero address stands for the native coin.
    /// A token that takes a fee delivers less than left: what arrived is in its `Transfer`.
    event Flushed(address indexed token, uint256 amount);

    /// @notice The only address this contract ever pays.
    address public immutable vault;

    constructor(address vault_) {
        vault = vault_;
    }

    /// @notice Moves all there is of a token, or of the native coin for the zero address, to the
    /// vault. Nothing to move is no error and emits nothing.
    /// @return amount base units that left this address
    function flush(address token) external returns (uint256 amount) {
        return token == address(0) ? _flushNative() : _flushToken(token, type(uint256).max);
    }

    /// @notice As `flush`, but at most so many base units: for tokens that refuse to move a whole
    /// balance at once, because they charge a fee on top or limit a transfer.
    /// @return amount base units that left this address
    function flushPart(address token, uint256 most) external returns (uint256 amount) {
        return _flushToken(token, most);
    }

    /// @dev A token that returns nothing is believed when its call succeeds, one that returns
    /// something must return true; and either way its balance here must have fallen.
    function _flushToken(address token, uint256 most) private returns (uint256 amount) {
        uint256 held = _balance(token);
        amount = held < most ? held : most;
        if (amount == 0) return 0;
        // transfer(address,uint256)
        if (!_call(token, abi.encodeWithSelector(0xa9059cbb, vault, amount))) revert TokenRefused(token);
        uint256 left = _balance(token);
        if (left >= held) revert TokenRefused(token);
        amount = held - left;
        emit Flushed(token, amount);
    }

    function _flushNative() private returns (uint256 amount) {
        amount = address(this).balance;
        if (amount == 0) return 0;
        address to = vault;
        bool ok;
        assembly ("memory-safe") {
            ok := call(gas(), to, amount, 0, 0, 0, 0)
        }
        if (!ok) revert VaultRefused();
        emit Flushed(address(0), amount);
    }

    /// @dev Reads balanceOf(this); a token without code or with a short answer is refused.
    function _balance(address token) private view returns (uint256 held) {
        bytes memory data = abi.encodeWithSelector(0x70a08231, address(this));
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), token, add(data, 32), mload(data), 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            held := mload(0)
        }
        if (!ok) revert TokenRefused(token);
    }

    /// @dev True when the call succeeded and returned nothing or the word 1. A token that returns
    /// a megabyte costs only what it burns itself: one word is copied.
    function _call(address token, bytes memory data) private returns (bool ok) {
        assembly ("memory-safe") {
            mstore(0, 0)
            ok := call(gas(), token, 0, add(data, 32), mload(data), 0, 32)
            ok := and(ok, or(iszero(returndatasize()), and(gt(returndatasize(), 31), eq(mload(0), 1))))
        }
    }
}
