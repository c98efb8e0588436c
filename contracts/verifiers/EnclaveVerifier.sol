// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Signature} from "../interfaces/IEscrow.sol";
import {Claim, IVerifier} from "../interfaces/IVerifier.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Words} from "../libraries/Words.sol";

/// @notice What attesters sign of an enclave's key, once they have checked its attestation.
/// @param key The address of the key that the enclave made inside itself.
/// @param measurement Hash of which code runs there, on which platform, under which root.
/// @param platform 1 for Nitro, 2 for TDX, 3 for SGX.
/// @param attestation SHA-256 of the document that was checked, so that anyone can check the attesters.
/// @param expiry The last second at which the key's answers count.
struct Enrolment {
    address key;
    bytes32 measurement;
    uint8 platform;
    bytes32 attestation;
    uint40 expiry;
}

/// @notice What is known of an enclave's key; all zero of an unknown one. A key can be revoked that never was enrolled.
struct EnclaveKey {
    bytes32 measurement;
    bytes32 attestation;
    uint40 expiry;
    uint8 platform;
    bool isRevoked;
}

/// @title Verifies answers by the signatures of enclaves
/// @notice A claim holds when a live key signed it, of an enclave with the measurement that the claim's model names. A
/// key is live when a quorum of attesters enrolled it, until its expiry, unless the key or its measurement is revoked.
/// The attesters are fixed at deployment. Anyone may publish a model: its id fixes which code answers (by the
/// measurement) and all else (by the hash of its manifest).
///
/// `proof` is one signature of 64 bytes (EIP-2098) per claim, in the claims' order: the enclave's, of
/// `Answer(request, model, input, output, charge)` in this contract's EIP-712 domain. It binds every field of a claim
/// but the context, since an enclave signs before anyone knows who will settle. Whoever submits a fill chooses its
/// `prover`: only a request whose `proverFee` is zero should name this verifier.
///
/// What it does not show: that an answer is right, or that whomever the enclave asked was honest. It shows which code
/// signed, and that by the attesters' word: a quorum that lies, or whose keys are stolen, can make any answer hold.
/// What they vouched for stays on chain as the attestation's hash.
///
/// A key counts at the time of settlement. One that expires or is revoked before then leaves open requests without a
/// proof, and the provider that answered them in good faith without their money, or with a penalty to pay. So a
/// provider takes no deadline beyond its key's expiry; against a revocation it has no remedy but a small penalty.
///
/// @dev No list is kept of a measurement's keys: revoking it is one write, however many there are.
contract EnclaveVerifier is IVerifier, EIP712 {
    /// @notice What a proof has for each claim.
    uint256 public constant SIGNATURE_BYTES = 64;
    /// @notice The most attesters that can be named.
    uint256 public constant MAX_ATTESTERS = 16;
    /// @notice How far ahead a key's expiry may be: a platform's flaws become known in time, and old keys with them.
    uint256 public constant MAX_VALIDITY = 90 days;

    bytes32 internal constant ANSWER_TYPEHASH = keccak256(
        "Answer(bytes32 request,bytes32 model,bytes32 input,bytes32 output,uint96 charge)"
    );
    bytes32 internal constant ENROLMENT_TYPEHASH = keccak256(
        "Enrolment(address key,bytes32 measurement,uint8 platform,bytes32 attestation,uint40 expiry)"
    );
    bytes32 internal constant KEY_REVOCATION_TYPEHASH = keccak256("KeyRevocation(address key)");
    bytes32 internal constant MEASUREMENT_REVOCATION_TYPEHASH = keccak256("MeasurementRevocation(bytes32 measurement)");

    uint256 private constant LAST_PLATFORM = 3;

    // A claim's words in calldata: the signed ones come first, in the order of the signed struct.
    uint256 private constant CLAIM_BYTES = 0xc0;
    uint256 private constant SIGNED_BYTES = 0xa0;
    uint256 private constant MODEL = 0x20;

    // Where a digest is made: the struct that is hashed (its type, then what is signed); the digest's preimage (two
    // bytes, the domain, the struct's hash).
    uint256 private constant FIELDS = 0x20;
    uint256 private constant STRUCT_BYTES = 0xc0;
    uint256 private constant PREIMAGE = 0xc0;
    uint256 private constant SEPARATOR = 0xc2;
    uint256 private constant STRUCT_HASH = 0xe2;
    uint256 private constant PREIMAGE_BYTES = 0x42;
    uint256 private constant WORK_BYTES = 0x120;

    /// @dev Where a key is, and who says so.
    struct Enclave {
        bytes32 measurement;
        bytes32 attestation;
    }

    /// @dev How long a key counts.
    struct Standing {
        uint40 expiry;
        uint8 platform;
        bool isRevoked;
    }

    /// @notice How many attesters it takes.
    uint256 public immutable THRESHOLD;
    uint256 private immutable ATTESTERS;

    /// @notice Who may sign enrolments and revocations. Nothing writes it after deployment.
    mapping(address account => bool) public isAttester;
    /// @notice The measurement that a published model names; zero for an unknown model.
    mapping(bytes32 model => bytes32 measurement) public measurementOf;
    /// @notice Whether a measurement is revoked, for good.
    mapping(bytes32 measurement => bool) public isRevoked;
    mapping(address key => Enclave) private _enclaves;
    /// @dev Under the key and the measurement that it was enrolled for, or under zero for none: no key's measurement
    /// ever changes, and under any other nothing is found. So one slot says all that an answer depends on of a key.
    mapping(address key => mapping(bytes32 measurement => Standing)) private _standings;

    /// @notice Emitted at deployment, for each attester.
    event AttesterNamed(address indexed attester);
    /// @param uri Where the manifest can be had; bound to nothing, whoever publishes may say anything.
    event Published(bytes32 indexed model, bytes32 indexed manifestHash, bytes32 measurement, string uri);
    /// @notice A key is enrolled, or lives longer.
    event Enrolled(
        address indexed key,
        bytes32 indexed measurement,
        uint8 platform,
        bytes32 attestation,
        uint40 expiry
    );
    /// @notice A key is dead for good.
    event KeyRevoked(address indexed key);
    /// @notice A measurement is dead for good, and so is every key of it.
    event MeasurementRevoked(bytes32 indexed measurement);

    error TooManyAttesters(uint256 count, uint256 limit);
    error ThresholdOutOfRange(uint256 threshold, uint256 attesters);
    /// @dev Zero comes before all, so it is never in order.
    error AttestersOutOfOrder(address attester, address previous);
    error ZeroMeasurement();
    error ZeroKey();
    error UnknownPlatform(uint256 platform, uint256 last);
    error ExpiryOutOfRange(uint256 expiry, uint256 time, uint256 latest);
    error MeasurementIsRevoked(bytes32 measurement);
    error KeyIsRevoked(address key);
    error OtherEnclave(address key, bytes32 measurement, uint256 platform);
    error ExpiryNotLater(uint256 expiry, uint256 current);
    error TooFewSignatures(uint256 count, uint256 threshold);
    /// @dev A signature that no key can have made is by zero.
    error NotAttester(address signer);
    error SignersOutOfOrder(address signer, address previous);
    error UnknownModel(bytes32 model);
    error NoClaims();
    error WrongProofLength(uint256 length, uint256 expected);

    /// @notice Names the attesters for good.
    /// @param attesters In ascending order, so that none is there twice.
    constructor(address[] memory attesters, uint256 threshold) EIP712("Assay EnclaveVerifier", "1") {
        if (attesters.length > MAX_ATTESTERS) revert TooManyAttesters(attesters.length, MAX_ATTESTERS);
        if (threshold == 0 || threshold > attesters.length) revert ThresholdOutOfRange(threshold, attesters.length);
        address previous = address(0);
        for (uint256 i = 0; i < attesters.length; ++i) {
            if (attesters[i] <= previous) revert AttestersOutOfOrder(attesters[i], previous);
            previous = attesters[i];
            isAttester[previous] = true;
            emit AttesterNamed(previous);
        }

        THRESHOLD = threshold;
        ATTESTERS = attesters.length;
    }

    /// @notice Publishes a model. Doing so again changes nothing but emits `uri` again.
    /// @param measurement Of the enclaves that answer for it.
    /// @param manifestHash Hash of the manifest that says all else.
    function publish(bytes32 measurement, bytes32 manifestHash, string calldata uri) external returns (bytes32 model) {
        if (measurement == 0) revert ZeroMeasurement();

        model = modelOf(measurement, manifestHash);
        measurementOf[model] = measurement;
        emit Published(model, manifestHash, measurement, uri);
    }

    /// @notice Enrols a key, or lets one live longer: of a known key, only the attestation and the expiry can change,
    /// the latter to a later one. So an enrolment that is submitted again, or out of turn, changes nothing.
    /// @param signatures Of the enrolment, by a quorum, in ascending order of their signers.
    function enrol(Enrolment calldata enrolment, Signature[] calldata signatures) external {
        (address key, bytes32 measurement) = (enrolment.key, enrolment.measurement);
        (uint8 platform, uint40 expiry) = (enrolment.platform, enrolment.expiry);
        // Zero is whom a bad signature recovers.
        if (key == address(0)) revert ZeroKey();
        if (measurement == 0) revert ZeroMeasurement();
        if (platform == 0 || platform > LAST_PLATFORM) revert UnknownPlatform(platform, LAST_PLATFORM);
        uint256 latest = block.timestamp + MAX_VALIDITY;
        if (expiry <= block.timestamp || expiry > latest) revert ExpiryOutOfRange(expiry, block.timestamp, latest);
        if (isRevoked[measurement]) revert MeasurementIsRevoked(measurement);
        bytes32 enrolledFor = _enclaves[key].measurement;
        Standing storage known = _standings[key][enrolledFor];
        if (known.isRevoked) revert KeyIsRevoked(key);
        if (enrolledFor != 0) {
            if (enrolledFor != measurement || known.platform != platform) {
                revert OtherEnclave(key, enrolledFor, known.platform);
            }
            if (expiry <= known.expiry) revert ExpiryNotLater(expiry, known.expiry);
        }
        _checkQuorum(keccak256(abi.encode(ENROLMENT_TYPEHASH, enrolment)), signatures);

        _enclaves[key] = Enclave(measurement, enrolment.attestation);
        _standings[key][measurement] = Standing(expiry, platform, false);
        emit Enrolled(key, measurement, platform, enrolment.attestation, expiry);
    }

    /// @notice Revokes a key for good, enrolled or not.
    function revokeKey(address key, Signature[] calldata signatures) external {
        Standing storage known = _standings[key][_enclaves[key].measurement];
        if (known.isRevoked) revert KeyIsRevoked(key);
        _checkQuorum(keccak256(abi.encode(KEY_REVOCATION_TYPEHASH, key)), signatures);

        known.isRevoked = true;
        emit KeyRevoked(key);
    }

    /// @notice Revokes a measurement for good, and with it every key of it, enrolled or not.
    function revokeMeasurement(bytes32 measurement, Signature[] calldata signatures) external {
        if (isRevoked[measurement]) revert MeasurementIsRevoked(measurement);
        _checkQuorum(keccak256(abi.encode(MEASUREMENT_REVOCATION_TYPEHASH, measurement)), signatures);

        isRevoked[measurement] = true;
        emit MeasurementRevoked(measurement);
    }

    /// @inheritdoc IVerifier
    /// @dev Reverts when the call makes no sense (no claims, a wrong length, an unknown model); false means that a
    /// signature is not by a live key of the model's measurement.
    function verify(Claim[] calldata claims, bytes calldata proof) external view returns (bool) {
        if (claims.length == 0) revert NoClaims();
        if (proof.length != claims.length * SIGNATURE_BYTES) {
            revert WrongProofLength(proof.length, claims.length * SIGNATURE_BYTES);
        }

        uint256 claim;
        uint256 signature;
        assembly ("memory-safe") {
            claim := claims.offset
            signature := proof.offset
        }
        uint256 work = _prepare();
        bytes32 model;
        bytes32 measurement = 0;
        address key = address(0);
        // Offsets are sums of lengths that calldata, and so the gas for it, bounds.
        unchecked {
            for (uint256 end = claim + claims.length * CLAIM_BYTES; claim < end; claim += CLAIM_BYTES) {
                // Storage is read once for a run of claims with the same model and key.
                bytes32 named = bytes32(Words.loadCalldata(claim + MODEL));
                if (measurement == 0 || named != model) {
                    (model, measurement, key) = (named, measurementOf[named], address(0));
                    if (measurement == 0) revert UnknownModel(named);
                }
                address signer = _signerOf(work, claim, signature);
                if (signer == address(0)) return false;
                if (signer != key) {
                    if (!_isLive(signer, measurement)) return false;
                    key = signer;
                }
                signature += SIGNATURE_BYTES;
            }
        }
        return true;
    }

    // Views

    /// @notice The id of the model with this measurement and manifest.
    function modelOf(bytes32 measurement, bytes32 manifestHash) public pure returns (bytes32) {
        return keccak256(abi.encode(measurement, manifestHash));
    }

    /// @notice What is known of a key. That it is not revoked does not make it live: see `isLive`.
    function keyOf(address key) external view returns (EnclaveKey memory) {
        Enclave storage enclave = _enclaves[key];
        Standing storage known = _standings[key][enclave.measurement];
        return EnclaveKey(enclave.measurement, enclave.attestation, known.expiry, known.platform, known.isRevoked);
    }

    /// @notice Whether a key's answers count now.
    function isLive(address key) external view returns (bool) {
        return _isLive(key, _enclaves[key].measurement);
    }

    /// @notice How many attesters there are.
    function attesterCount() external view returns (uint256) {
        return ATTESTERS;
    }

    /// @dev Whether a key was enrolled for this measurement and counts now.
    function _isLive(address key, bytes32 measurement) internal view returns (bool) {
        Standing storage known = _standings[key][measurement];
        return block.timestamp <= known.expiry && !known.isRevoked && !isRevoked[measurement];
    }

    // Signatures

    function _checkQuorum(bytes32 structHash, Signature[] calldata signatures) internal view {
        if (signatures.length < THRESHOLD) revert TooFewSignatures(signatures.length, THRESHOLD);
        bytes32 digest = _hashTypedDataV4(structHash);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = Signatures.recover(digest, signatures[i].r, signatures[i].vs);
            if (!isAttester[signer]) revert NotAttester(signer);
            if (signer <= previous) revert SignersOutOfOrder(signer, previous);
            previous = signer;
        }
    }

    /// @dev Writes what all answers' digests share.
    function _prepare() internal view returns (uint256 work) {
        bytes32 separator = _domainSeparatorV4();
        unchecked {
            work = Words.allocate(WORK_BYTES);
            Words.store(work, uint256(ANSWER_TYPEHASH));
            Words.store(work + PREIMAGE, 0x1901 << 240);
            Words.store(work + SEPARATOR, uint256(separator));
        }
    }

    /// @dev Who signed the answer at `claim`; zero for what is no signature. A charge with bits beyond its type gives a
    /// digest that nobody signs.
    function _signerOf(uint256 work, uint256 claim, uint256 signature) internal view returns (address) {
        unchecked {
            Words.copyCalldata(work + FIELDS, claim, SIGNED_BYTES);
            Words.store(work + STRUCT_HASH, Words.hash(work, STRUCT_BYTES));
            bytes32 digest = bytes32(Words.hash(work + PREIMAGE, PREIMAGE_BYTES));
            bytes32 r = bytes32(Words.loadCalldata(signature));
            bytes32 vs = bytes32(Words.loadCalldata(signature + 0x20));
            return Signatures.recover(digest, r, vs);
        }
    }
}
