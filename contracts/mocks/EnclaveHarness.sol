// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim} from "../interfaces/IVerifier.sol";
import {EnclaveVerifier, Enrolment} from "../verifiers/EnclaveVerifier.sol";

/// @title What the enclaves' verifier hashes and does not show
/// @notice The second opinion that parity tests hold the TypeScript against.
contract EnclaveHarness is EnclaveVerifier {
    constructor(address[] memory attesters, uint256 threshold) EnclaveVerifier(attesters, threshold) {}

    function typeHashes() external pure returns (bytes32[4] memory) {
        return [ANSWER_TYPEHASH, ENROLMENT_TYPEHASH, KEY_REVOCATION_TYPEHASH, MEASUREMENT_REVOCATION_TYPEHASH];
    }

    /// @notice As `verify` recovers the signer of its first claim.
    function signerOf(Claim[] calldata claims, bytes calldata proof) external view returns (address) {
        uint256 claim;
        uint256 signature;
        assembly ("memory-safe") {
            claim := claims.offset
            signature := proof.offset
        }
        return _signerOf(_prepare(), claim, signature);
    }

    function digestOfEnrolment(Enrolment calldata enrolment) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ENROLMENT_TYPEHASH, enrolment)));
    }

    function digestOfKeyRevocation(address key) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(KEY_REVOCATION_TYPEHASH, key)));
    }

    function digestOfMeasurementRevocation(bytes32 measurement) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(MEASUREMENT_REVOCATION_TYPEHASH, measurement)));
    }
}
