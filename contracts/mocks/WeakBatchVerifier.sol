// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim} from "../interfaces/IVerifier.sol";
import {BN254, G1Point, G2Point} from "../libraries/BN254.sol";
import {Groth16Verifier} from "../verifiers/Groth16Verifier.sol";

/// @title The mistake that public batch verifiers made: a challenge that the public inputs do not move
/// @notice The forgeries in the tests work here, which shows that they are forgeries.
contract WeakBatchVerifier is Groth16Verifier {
    constructor(G1Point memory alpha, G2Point memory beta, G2Point memory gamma) Groth16Verifier(alpha, beta, gamma) {}

    function _challenge(Claim[] calldata, bytes calldata proof) internal pure override returns (uint256) {
        return uint256(keccak256(proof)) % BN254.R;
    }
}
