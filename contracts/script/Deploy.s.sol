// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ForwarderFactory} from "../src/ForwarderFactory.sol";
import {Guard} from "../src/Guard.sol";

interface Broadcaster {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// @notice Puts our contracts where they are on every chain: CREATE2 by Arachnid's proxy, salt
/// zero. What is there already stays.
///
///   forge script contracts/script/Deploy.s.sol --rpc-url URL --broadcast --account NAME \
///     --sig 'guard(address,uint64,uint64)' MULTI_SEND_CALL_ONLY DELAY_SECONDS WINDOW_SECONDS
///   forge script contracts/script/Deploy.s.sol --rpc-url URL --broadcast --account NAME \
///     --sig 'forwarderFactory(address)' VAULT
contract Deploy {
    error NotDeployed(address at);

    address public constant CREATE2_DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    Broadcaster private constant vm = Broadcaster(address(uint160(uint256(keccak256("hevm cheat code")))));

    function guard(address multiSend, uint64 delay, uint64 window) external returns (address) {
        return _deploy(bytes.concat(type(Guard).creationCode, abi.encode(multiSend, delay, window)));
    }

    function forwarderFactory(address vault) external returns (address) {
        return _deploy(bytes.concat(type(ForwarderFactory).creationCode, abi.encode(vault)));
    }

    function _deploy(bytes memory code) private returns (address at) {
        bytes32 salt;
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", CREATE2_DEPLOYER, salt, keccak256(code)));
        at = address(uint160(uint256(hash)));
        if (at.code.length > 0) return at;
        vm.startBroadcast();
        (bool ok,) = CREATE2_DEPLOYER.call(bytes.concat(salt, code));
        vm.stopBroadcast();
        if (!ok || at.code.length == 0) revert NotDeployed(at);
    }
}
