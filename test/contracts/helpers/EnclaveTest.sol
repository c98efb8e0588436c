// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim} from "../../../contracts/interfaces/IVerifier.sol";
import {EnclaveVerifier, Enrolment} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {Test} from "./Vm.sol";

/// @notice Three attesters of whom it takes two, a published model and an enrolled key; and the short ways to enrol, to
/// revoke and to answer. Type strings and domain are written out again, as a second opinion.
abstract contract EnclaveTest is Test {
    bytes32 internal constant MEASUREMENT = keccak256("measurement");
    bytes32 internal constant OTHER_MEASUREMENT = keccak256("other measurement");
    bytes32 internal constant MANIFEST = keccak256("manifest");
    bytes32 internal constant ATTESTATION = keccak256("document");

    uint256 internal constant KEY = 0xE2C7A4E;
    uint256 internal constant OTHER_KEY = 0x07E2C7A4E;
    uint256 internal constant STRANGER = 0x57A27E2;

    uint256 internal constant NOW = 1_800_000_000;
    uint40 internal constant EXPIRY = uint40(NOW + 30 days);
    uint8 internal constant NITRO = 1;

    /// @dev The order of secp256k1's group. An s above half of it is high; few of them fit the compact form at all.
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 internal constant LEAST_HIGH_S = ORDER / 2 + 1;

    EnclaveVerifier internal enclaves;
    bytes32 internal model;
    address internal key = vm.addr(KEY);
    /// In ascending order of their addresses.
    uint256[] internal attesterKeys = _sorted([uint256(0xA77E57), 0xA77E58, 0xA77E59]);

    function setUp() public virtual {
        vm.warp(NOW);
        enclaves = _deploy();
        model = enclaves.publish(MEASUREMENT, MANIFEST, "ipfs://manifest");
        _enrol(_enrolment());
    }

    function _deploy() internal returns (EnclaveVerifier) {
        return new EnclaveVerifier(_addresses(attesterKeys), 2);
    }

    // Attesting

    function _enrolment() internal view returns (Enrolment memory) {
        return Enrolment(key, MEASUREMENT, NITRO, ATTESTATION, EXPIRY);
    }

    function _enrolmentOf(uint256 privateKey, bytes32 measurement) internal view returns (Enrolment memory enrolment) {
        enrolment = _enrolment();
        (enrolment.key, enrolment.measurement) = (vm.addr(privateKey), measurement);
    }

    function _enrol(Enrolment memory enrolment) internal {
        enclaves.enrol(enrolment, _byQuorum(_digestOf(enrolment)));
    }

    function _revokeKey(address revoked) internal {
        enclaves.revokeKey(revoked, _byQuorum(_digestOfKeyRevocation(revoked)));
    }

    function _revokeMeasurement(bytes32 revoked) internal {
        enclaves.revokeMeasurement(revoked, _byQuorum(_digestOfMeasurementRevocation(revoked)));
    }

    function _byQuorum(bytes32 digest) internal view returns (Signature[] memory) {
        return _by(digest, attesterKeys[0], attesterKeys[1]);
    }

    function _by(bytes32 digest, uint256 one) internal pure returns (Signature[] memory signatures) {
        signatures = new Signature[](1);
        signatures[0] = _sign(one, digest);
    }

    function _by(bytes32 digest, uint256 one, uint256 two) internal pure returns (Signature[] memory signatures) {
        signatures = new Signature[](2);
        (signatures[0], signatures[1]) = (_sign(one, digest), _sign(two, digest));
    }

    // Answering

    function _claim() internal view returns (Claim memory) {
        return _claimOf("request", model);
    }

    function _claimOf(bytes32 request, bytes32 named) internal pure returns (Claim memory) {
        return Claim(request, named, "input", "output", 8_999_999, "context");
    }

    function _answer(uint256 privateKey, Claim memory claim) internal view returns (bytes memory) {
        Signature memory signature = _sign(privateKey, _digestOf(claim));
        return abi.encodePacked(signature.r, signature.vs);
    }

    function _one(Claim memory claim) internal pure returns (Claim[] memory claims) {
        claims = new Claim[](1);
        claims[0] = claim;
    }

    function _two(Claim memory first, Claim memory second) internal pure returns (Claim[] memory claims) {
        claims = new Claim[](2);
        (claims[0], claims[1]) = (first, second);
    }

    function _verifies(uint256 privateKey, Claim memory claim) internal view returns (bool) {
        return enclaves.verify(_one(claim), _answer(privateKey, claim));
    }

    // Signing

    function _sign(uint256 privateKey, bytes32 digest) internal pure returns (Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return Signature(r, s | bytes32(uint256(v - 27) << 255));
    }

    function _digestOf(Enrolment memory enrolment) internal view returns (bytes32) {
        bytes32 typehash = keccak256(
            "Enrolment(address key,bytes32 measurement,uint8 platform,bytes32 attestation,uint40 expiry)"
        );
        return _inDomain(keccak256(abi.encode(typehash, enrolment)));
    }

    function _digestOfKeyRevocation(address revoked) internal view returns (bytes32) {
        return _inDomain(keccak256(abi.encode(keccak256("KeyRevocation(address key)"), revoked)));
    }

    function _digestOfMeasurementRevocation(bytes32 revoked) internal view returns (bytes32) {
        return _inDomain(keccak256(abi.encode(keccak256("MeasurementRevocation(bytes32 measurement)"), revoked)));
    }

    function _digestOf(Claim memory claim) internal view returns (bytes32) {
        return _inDomain(_hashOf(claim));
    }

    function _hashOf(Claim memory claim) internal pure returns (bytes32) {
        bytes32 typehash = keccak256(
            "Answer(bytes32 request,bytes32 model,bytes32 input,bytes32 output,uint96 charge)"
        );
        return keccak256(abi.encode(typehash, claim.request, claim.model, claim.input, claim.output, claim.charge));
    }

    function _inDomain(bytes32 structHash) internal view returns (bytes32) {
        return _digestIn(_separatorOf(block.chainid, address(enclaves)), structHash);
    }

    function _separatorOf(uint256 chainId, address verifier) internal pure returns (bytes32) {
        bytes32 typehash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        return keccak256(abi.encode(typehash, keccak256("Assay EnclaveVerifier"), keccak256("1"), chainId, verifier));
    }

    function _digestIn(bytes32 separator, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    // Looking

    function _hashOfKey(address known) internal view returns (bytes32) {
        return keccak256(abi.encode(enclaves.keyOf(known)));
    }

    function _addresses(uint256[] memory privateKeys) internal pure returns (address[] memory accounts) {
        accounts = new address[](privateKeys.length);
        for (uint256 i = 0; i < privateKeys.length; ++i) {
            accounts[i] = vm.addr(privateKeys[i]);
        }
    }

    function _sorted(uint256[3] memory privateKeys) private pure returns (uint256[] memory sorted) {
        sorted = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 rank = 0;
            for (uint256 j = 0; j < 3; ++j) {
                if (vm.addr(privateKeys[j]) < vm.addr(privateKeys[i])) ++rank;
            }
            sorted[rank] = privateKeys[i];
        }
    }
}
