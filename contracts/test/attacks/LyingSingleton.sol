// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice Takes the place of the Safe's code and answers as the true one would, also about slot 0.
contract LyingSingleton {
    address private immutable honest;
    bytes32 private immutable configuration;

    constructor(address honest_, bytes32 configuration_) {
        honest = honest_;
        configuration = configuration_;
    }

    /// As Safe's: reverts with success, the length of the answer, the answer.
    function simulateAndRevert(address, bytes memory) external view {
        bytes memory answer = abi.encode(uint256(1), uint256(32), configuration);
        assembly {
            revert(add(answer, 32), mload(answer))
        }
    }

    fallback() external payable {
        address to = honest;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), to, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    receive() external payable {}
}
