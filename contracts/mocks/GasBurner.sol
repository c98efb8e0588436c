// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A contract that burns all the gas it is given, whatever it is asked
/// @notice Plays a consumer or a verifier that would make a batch too dear to settle.
contract GasBurner {
    fallback() external {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
