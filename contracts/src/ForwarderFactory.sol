// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Forwarder} from "./Forwarder.sol";

/// @title Makes deposit addresses of one vault
/// @notice An address is CREATE2(this factory, salt, initCodeHash) (EIP-1014): known before it is
/// deployed, and the same on every chain, because the factory's address (CREATE2 by a proxy that
/// is at one address everywhere) commits to its code and vault, and the clone's code to the
/// implementation that the factory's constructor creates. Deployment is not needed to receive,
/// only to flush. Anyone may deploy and flush: see Forwarder for why that is safe.
contract ForwarderFactory {
    error ZeroVault();
    error DeploymentFailed(bytes32 salt);
    error TooLittleGas(uint256 gasPerLeg);

    event Deployed(bytes32 indexed salt, address forwarder);
    /// @notice One leg of a batch failed with the gas that the caller allowed; its money is where
    /// it was. Anyone can make this event about anything, with little gas or a token of their own:
    /// it means something in one's own transactions only.
    event FlushFailed(bytes32 indexed salt, address indexed token);

    /// @dev What a leg costs here, around the call that `gasPerLeg` is for.
    uint256 private constant LEG_OVERHEAD_GAS = 3_000;

    /// @notice Where every forwarder of this factory pays.
    address public immutable vault;
    /// @notice What every forwarder of this factory delegates to: CREATE by this factory, nonce 1.
    address public immutable implementation;
    /// @notice keccak256 of a forwarder's creation code.
    bytes32 public immutable initCodeHash;

    constructor(address vault_) {
        if (vault_ == address(0)) revert ZeroVault();
        vault = vault_;
        implementation = address(new Forwarder(vault_));
        initCodeHash = keccak256(_initCode());
    }

    /// @notice The deposit address of a salt, deployed or not.
    function addressOf(bytes32 salt) public view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), salt, initCodeHash)))));
    }

    /// @notice Deploys the forwarder of a salt; one that exists is returned as it is.
    function deploy(bytes32 salt) public returns (address forwarder) {
        forwarder = addressOf(salt);
        if (forwarder.code.length > 0) return forwarder;
        bytes memory code = _initCode();
        address made;
        assembly ("memory-safe") {
            made := create2(0, add(code, 32), mload(code), salt)
        }
        if (made != forwarder) revert DeploymentFailed(salt);
        emit Deployed(salt, forwarder);
    }

    /// @notice Deploys what is missing and flushes every token from every forwarder. A leg that
    /// fails, or would use more than `gasPerLeg`, does not stop the others: a hostile token can
    /// burn its own legs' gas and no more.
    /// @param tokens ERC-20 tokens; the zero address is the native coin
    /// @param gasPerLeg gas that one flush may use; the whole call reverts rather than give less
    function flushMany(bytes32[] calldata salts, address[] calldata tokens, uint256 gasPerLeg) external {
        for (uint256 i = 0; i < salts.length; i++) {
            Forwarder forwarder = Forwarder(deploy(salts[i]));
            for (uint256 j = 0; j < tokens.length; j++) {
                // A call gets at most 63/64 of what is left (EIP-150): without this check a leg
                // could be starved and reported as failed.
                if (gasleft() / 64 * 63 < gasPerLeg + LEG_OVERHEAD_GAS) revert TooLittleGas(gasPerLeg);
                try forwarder.flush{gas: gasPerLeg}(tokens[j]) {}
                catch {
                    emit FlushFailed(salts[i], tokens[j]);
                }
            }
        }
    }

    /// @dev Creation code of a clone: an EIP-1167 minimal proxy whose runtime first stops when
    /// there is no calldata, so that the 2300 gas of `transfer()` suffice with the implementation
    /// cold (a delegatecall to it alone costs 2600).
    ///
    ///   3d 6033 80 600a 3d 39 81 f3                 return the 51 bytes that follow
    ///   36 6005 57 00 5b                            no calldata: stop
    ///   36 3d 3d 37 3d 3d 3d 36 3d 73 <address>     EIP-1167
    ///   5a f4 3d 82 80 3e 90 3d 91 6031 57 fd 5b f3
    function _initCode() private view returns (bytes memory) {
        return abi.encodePacked(
            hex"3d603380600a3d3981f336600557005b363d3d373d3d3d363d73",
            implementation,
            hex"5af43d82803e903d91603157fd5bf3"
        );
    }
}
