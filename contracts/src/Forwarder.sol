// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title A deposit address: whatever it holds can go to one vault only
/// @notice Anyone may flush; the destination is fixed in the code, so nothing can be taken
/// elsewhere and there is no key to lose. A payment with empty calldata ends at once, within
/// the 2300 gas that `transfer()` of old contracts gives.
contract Forwarder {
    error TokenRefused(address token);
    error VaultRefused();

    /// @notice Everything `token` moved to the vault; the zero address stands for the native coin.
    event Flushed(address indexed token, uint256 amount);

    /// @notice The only address this contract ever pays.
    address public immutable vault;

    constructor(address vault_) {
        vault = vault_;
    }

    /// @dev No event and no storage: senders may give as little as 2300 gas.
    receive() external payable {}

    /// @notice Moves the whole balance of a token to the vault. Nothing to move is no error and
    /// emits nothing. A token that returns nothing is believed when its call succeeds; one that
    /// returns a value must return true.
    /// @return amount base units that left this address
    function flush(address token) external returns (uint256 amount) {
        uint256 balance = _balance(token);
        if (balance == 0) return 0;
        // transfer(address,uint256); at most one word of what it returns is read.
        if (!_call(token, abi.encodeWithSelector(0xa9059cbb, vault, balance))) revert TokenRefused(token);
        amount = balance - _balance(token);
        emit Flushed(token, amount);
    }

    /// @notice Moves the whole native balance to the vault.
    /// @return amount in wei
    function flushNative() external returns (uint256 amount) {
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
