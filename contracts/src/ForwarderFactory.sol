// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Forwarder} from "./Forwarder.sol";

/// @title Makes deposit addresses of one vault
/// @notice An address is CREATE2(this factory, salt, keccak256(Forwarder creation code ++ vault))
/// (EIP-1014), known before it is deployed and the same on every chain where this factory has
/// the same address. Deployment is not needed to receive, only to flush.
contract ForwarderFactory {
    error ZeroVault();
    error DeploymentFailed(bytes32 salt);

    event Deployed(bytes32 indexed salt, address forwarder);
    /// @notice One address of a batch could not be flushed; the others were.
    event FlushFailed(bytes32 indexed salt, address indexed token);

    /// @notice Where every forwarder of this factory pays.
    address public immutable vault;
    /// @notice keccak256 of a forwarder's creation code with the vault appended.
    bytes32 public immutable initCodeHash;

    constructor(address vault_) {
        if (vault_ == address(0)) revert ZeroVault();
        vault = vault_;
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

    /// @notice Deploys what is missing and flushes each; one that fails does not stop the others.
    /// @param token an ERC-20, or the zero address for the native coin
    function flushMany(bytes32[] calldata salts, address token) external {
        for (uint256 i = 0; i < salts.length; i++) {
            Forwarder forwarder = Forwarder(payable(deploy(salts[i])));
            if (!_flush(forwarder, token)) emit FlushFailed(salts[i], token);
        }
    }

    function _flush(Forwarder forwarder, address token) private returns (bool) {
        if (token == address(0)) {
            try forwarder.flushNative() {
                return true;
            } catch {
                return false;
            }
        }
        try forwarder.flush(token) {
            return true;
        } catch {
            return false;
        }
    }

    function _initCode() private view returns (bytes memory) {
        return abi.encodePacked(type(Forwarder).creationCode, abi.encode(vault));
    }
}
