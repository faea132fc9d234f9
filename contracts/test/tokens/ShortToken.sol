// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice Answers with one byte where a word is due.
contract ShortToken {
    function balanceOf(address) external pure returns (uint256) {
        return 1;
    }

    fallback() external {
        assembly {
            mstore8(0, 1)
            return(0, 1)
        }
    }
}
