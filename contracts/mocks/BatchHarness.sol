// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim} from "../interfaces/IVerifier.sol";
import {G1Point, G2Point} from "../libraries/BN254.sol";
import {Groth16Verifier} from "../verifiers/Groth16Verifier.sol";

/// @title The batch path alone, for batches of one too, and the challenge that it computes
contract BatchHarness is Groth16Verifier {
    constructor(G1Point memory alpha, G2Point memory beta, G2Point memory gamma) Groth16Verifier(alpha, beta, gamma) {}

    function verifyAsBatch(Claim[] calldata claims, bytes calldata proof) external view returns (bool) {
        return _verifyMany(claims, proof);
    }

    function challengeOf(Claim[] calldata claims, bytes calldata proof) external view returns (uint256) {
        return _challenge(claims, proof);
    }
}
