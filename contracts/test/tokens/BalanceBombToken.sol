// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice Answers a question about a balance with a megabyte, in success.
contract BalanceBombToken {
    fallback() external {
        assembly {
            mstore(0, 1)
            return(0, 1000000)
        }
    }
}
