// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim, IVerifier} from "../interfaces/IVerifier.sol";

/// @title A verifier whose proofs Solidity can make
/// @notice For fuzzing the escrow without a prover: the proof of claims is the hash of them all, so it holds for these
/// claims and no others. It proves nothing.
contract HashVerifier is IVerifier {
    /// @inheritdoc IVerifier
    function verify(Claim[] calldata claims, bytes calldata proof) external pure returns (bool) {
        return keccak256(proof) == keccak256(prove(claims));
    }

    /// @notice The proof that `verify` accepts for `claims`.
    function prove(Claim[] calldata claims) public pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode("HashVerifier", claims)));
    }
}
