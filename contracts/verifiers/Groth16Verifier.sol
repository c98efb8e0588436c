// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {Claim, IVerifier} from "../interfaces/IVerifier.sol";
import {BN254, G1Point, G2Point} from "../libraries/BN254.sol";
import {Words} from "../libraries/Words.sol";

/// @title Verifies Groth16 proofs of any number of models, one or many at a time
/// @notice One contract serves all models of one phase 1: alpha, beta and gamma are fixed at deployment, so models of a
/// development phase 1 and of a public ceremony live in different contracts that nobody can confuse. Anyone may publish
/// a model. Its id fixes both the computation (by the verification key) and the meaning of its fields (by the hash of
/// its manifest).
///
/// A proof's public inputs are, in this order: input, output, context. A proof binds a claim's request through its
/// context; it does not bind the charge, which is the receipt's to fix.
///
/// `proof` is one proof of 256 bytes per claim, in the claims' order: A, B, C as the precompiles read them.
///
/// @dev What publishing checks catches accidents (a phase 2 that was skipped, a damaged file). A dishonest setup is
/// caught only by re-verifying it, and who knows the secrets of a phase 1 forges every model on it.
contract Groth16Verifier is IVerifier {
    using BN254 for G1Point;
    using BN254 for G2Point;

    uint256 public constant PROOF_BYTES = 256;
    /// @dev Opens what the batch's challenge hashes, so that it is a hash of nothing else.
    bytes32 public constant BATCH_TAG = "Assay Groth16Verifier batch v1";

    /// @dev A key's code: a STOP, so that nobody can run it, then delta and the four points of IC.
    uint256 private constant KEY_BYTES = 12 * 32;
    uint256 private constant CODE_BYTES = 1 + KEY_BYTES;
    /// @dev The offset of IC within a key, and of each of its points.
    uint256 private constant IC = 0x80;

    // The offsets of a claim's words in calldata.
    uint256 private constant CLAIM_BYTES = 0xc0;
    uint256 private constant MODEL = 0x20;
    uint256 private constant INPUT = 0x40;
    uint256 private constant OUTPUT = 0x60;
    uint256 private constant CONTEXT = 0xa0;

    uint256 private constant PAIR_BYTES = 0xc0;
    /// @dev Where points are summed: the sum, then the next summand and its scalar.
    uint256 private constant WORK_BYTES = 0xa0;
    /// @dev What a batch keeps of a model: its id; the sums of the powers alone, and times input, output and context;
    /// the place where C is summed.
    uint256 private constant GROUP_BYTES = SUM_OF_C + WORK_BYTES;
    uint256 private constant SUMS = 0x20;
    uint256 private constant SUM_OF_C = 0xa0;

    uint256 private immutable ALPHA_X;
    uint256 private immutable ALPHA_Y;
    uint256 private immutable BETA_X_IMAGINARY;
    uint256 private immutable BETA_X_REAL;
    uint256 private immutable BETA_Y_IMAGINARY;
    uint256 private immutable BETA_Y_REAL;

    /// @param uri Where the manifest can be had; bound to nothing, whoever publishes may say anything.
    event Published(bytes32 indexed model, bytes32 indexed manifestHash, string uri);

    error BadPoint(string name);
    error GammaNotGenerator();
    error DeltaIsGamma();
    error RepeatedPoint(uint256 first, uint256 second);
    error UnknownModel(bytes32 model);
    error NoClaims();
    error WrongProofLength(uint256 length, uint256 expected);
    error NotInField(uint256 claim, uint256 value);

    constructor(G1Point memory alpha, G2Point memory beta, G2Point memory gamma) {
        if (!alpha.isValid()) revert BadPoint("alpha");
        if (!beta.isValid()) revert BadPoint("beta");
        if (!gamma.isGenerator()) revert GammaNotGenerator();

        ALPHA_X = alpha.x;
        ALPHA_Y = alpha.y;
        BETA_X_IMAGINARY = beta.xImaginary;
        BETA_X_REAL = beta.xReal;
        BETA_Y_IMAGINARY = beta.yImaginary;
        BETA_Y_REAL = beta.yReal;
    }

    /// @notice Publishes a model. Doing so again changes nothing but emits `uri` again.
    /// @param delta The key's delta, with the contributions of phase 2.
    /// @param ic The constant point, then one for each public input.
    /// @param manifestHash Hash of the manifest that says what the model's fields mean.
    function publish(
        G2Point calldata delta,
        G1Point[4] calldata ic,
        bytes32 manifestHash,
        string calldata uri
    ) external returns (bytes32 model) {
        if (!delta.isValid()) revert BadPoint("delta");
        if (delta.isSameUpToSign(_gamma())) revert DeltaIsGamma();
        for (uint256 i = 0; i < 4; ++i) {
            if (!ic[i].isValid()) revert BadPoint("ic");
            for (uint256 j = 0; j < i; ++j) {
                // With equal or opposite points, one public input could be traded for the other.
                if (ic[i].isSameUpToSign(ic[j])) revert RepeatedPoint(j, i);
            }
        }

        model = modelOf(delta, ic, manifestHash);
        if (Create3.computeAddress(model).code.length == 0) {
            Create3.deploy(0, model, _creationCode(abi.encodePacked(hex"00", abi.encode(delta, ic))));
        }
        emit Published(model, manifestHash, uri);
    }

    /// @notice The id of the model with this key and manifest.
    function modelOf(
        G2Point calldata delta,
        G1Point[4] calldata ic,
        bytes32 manifestHash
    ) public view returns (bytes32) {
        (G1Point memory alpha, G2Point memory beta, G2Point memory gamma) = phase1();
        return keccak256(abi.encode(keccak256(abi.encode(alpha, beta, gamma, delta, ic)), manifestHash));
    }

    /// @notice A published model's key.
    function keyOf(bytes32 model) external view returns (G2Point memory delta, G1Point[4] memory ic) {
        bytes memory encoded = new bytes(KEY_BYTES);
        uint256 location;
        assembly ("memory-safe") {
            location := add(encoded, 0x20)
        }
        _loadKey(model, location);
        return abi.decode(encoded, (G2Point, G1Point[4]));
    }

    /// @notice What all models published here share.
    function phase1() public view returns (G1Point memory alpha, G2Point memory beta, G2Point memory gamma) {
        alpha = G1Point(ALPHA_X, ALPHA_Y);
        beta = G2Point(BETA_X_IMAGINARY, BETA_X_REAL, BETA_Y_IMAGINARY, BETA_Y_REAL);
        gamma = _gamma();
    }

    /// @inheritdoc IVerifier
    /// @dev Reverts when the call makes no sense (no claims, a wrong length, an unknown model, an input outside the
    /// field); false means that the proofs do not hold.
    function verify(Claim[] calldata claims, bytes calldata proof) external view returns (bool) {
        if (claims.length == 0) revert NoClaims();
        if (proof.length != claims.length * PROOF_BYTES) {
            revert WrongProofLength(proof.length, claims.length * PROOF_BYTES);
        }
        return claims.length == 1 ? _verifyOne(claims, proof) : _verifyMany(claims, proof);
    }

    // Both checks are e(-A, B) · e(α, β) · e(L, γ) · e(C, δ) = 1 with L = IC0 + input·IC1 + output·IC2 + context·IC3.
    // Negating A rather than the rest leaves sums of many points as they come.
    //
    // Below, `unchecked` is for offsets: they are sums of lengths that calldata, and so the gas for it, bounds.

    /// @dev Four pairings.
    function _verifyOne(Claim[] calldata claims, bytes calldata proof) internal view returns (bool) {
        unchecked {
            uint256 claim = _offsetOf(claims);
            uint256 key = Words.allocate(KEY_BYTES);
            _loadKey(bytes32(Words.loadCalldata(claim + MODEL)), key);
            uint256 pairs = Words.allocate(4 * PAIR_BYTES);
            uint256 work = Words.allocate(WORK_BYTES);

            Words.copyCalldata(pairs, _offsetOf(proof), PAIR_BYTES);
            _negate(pairs);
            _putAlphaBeta(pairs + PAIR_BYTES);

            Words.copy(work, key + IC, 0x40);
            if (!_addProduct(work, key + IC + 0x40, _input(claim, INPUT, 0))) return false;
            if (!_addProduct(work, key + IC + 0x80, _input(claim, OUTPUT, 0))) return false;
            if (!_addProduct(work, key + IC + 0xc0, _input(claim, CONTEXT, 0))) return false;
            Words.copy(pairs + 2 * PAIR_BYTES, work, 0x40);
            _putGamma(pairs + 2 * PAIR_BYTES + 0x40);

            Words.copyCalldata(pairs + 3 * PAIR_BYTES, _offsetOf(proof) + PAIR_BYTES, 0x40);
            Words.copy(pairs + 3 * PAIR_BYTES + 0x40, key, 0x80);
            return BN254.pairingIsOne(pairs, 4);
        }
    }

    /// @dev A random linear combination: the equations are raised to the powers 1, c, c^2, ... of a challenge that
    /// hashes all of them, and multiplied. If one does not hold, the product is one for fewer than N of the R possible
    /// challenges. N + 2 + K pairings for K models, since pairs with the same second point merge.
    function _verifyMany(Claim[] calldata claims, bytes calldata proof) internal view returns (bool) {
        unchecked {
            uint256 count = claims.length;
            uint256 challenge = _challenge(claims, proof);
            uint256 pairs = Words.allocate((2 * count + 2) * PAIR_BYTES);
            uint256[] memory groups = new uint256[](count);
            uint256 groupCount = 0;

            uint256 power = 1;
            for (uint256 i = 0; i < count; ++i) {
                uint256 claim = _offsetOf(claims) + i * CLAIM_BYTES;
                bytes32 model = bytes32(Words.loadCalldata(claim + MODEL));
                uint256 group = _findGroup(groups, groupCount, model);
                if (group == 0) {
                    group = Words.allocate(GROUP_BYTES);
                    Words.clear(group, GROUP_BYTES);
                    Words.store(group, uint256(model));
                    groups[groupCount++] = group;
                }
                // Folded in the field, a public input costs its multiplication on the curve once a model, not
                // once a claim.
                _accumulate(group + SUMS, power, 1);
                _accumulate(group + SUMS + 0x20, power, _input(claim, INPUT, i));
                _accumulate(group + SUMS + 0x40, power, _input(claim, OUTPUT, i));
                _accumulate(group + SUMS + 0x60, power, _input(claim, CONTEXT, i));
                if (!_addProof(pairs + i * PAIR_BYTES, group + SUM_OF_C, _offsetOf(proof) + i * PROOF_BYTES, power))
                    return false;
                power = mulmod(power, challenge, BN254.R);
            }
            if (!_closeBatch(pairs + count * PAIR_BYTES, groups, groupCount)) return false;
            return BN254.pairingIsOne(pairs, count + 2 + groupCount);
        }
    }

    /// @dev Puts one proof's own pair, and adds its C to its model's sum.
    function _addProof(uint256 pair, uint256 work, uint256 proof, uint256 power) internal view returns (bool) {
        unchecked {
            uint256 point = work + 0x40;
            Words.copyCalldata(pair, proof, PAIR_BYTES);
            _negate(pair);
            // The first power is one: its points need no multiplication, only the precompiles' look at them further on.
            if (power != 1) {
                Words.copy(point, pair, 0x40);
                Words.store(work + 0x80, power);
                if (!BN254.mulInPlace(point)) return false;
                Words.copy(pair, point, 0x40);
            }
            Words.copyCalldata(point, proof + PAIR_BYTES, 0x40);
            if (power != 1) {
                Words.store(work + 0x80, power);
                if (!BN254.mulInPlace(point)) return false;
            }
            return BN254.addInPlace(work);
        }
    }

    /// @dev Puts the pairs that the proofs share: one for alpha, one for the public inputs, one for each model's C.
    function _closeBatch(uint256 pair, uint256[] memory groups, uint256 groupCount) internal view returns (bool) {
        unchecked {
            uint256 key = Words.allocate(KEY_BYTES);
            uint256 work = Words.allocate(WORK_BYTES);
            Words.clear(work, WORK_BYTES);
            uint256 sumOfPowers = 0;
            for (uint256 i = 0; i < groupCount; ++i) {
                uint256 group = groups[i];
                _loadKey(bytes32(Words.load(group)), key);
                for (uint256 j = 0; j < 4; ++j) {
                    if (!_addProduct(work, key + IC + j * 0x40, Words.load(group + SUMS + j * 0x20))) return false;
                }
                sumOfPowers = addmod(sumOfPowers, Words.load(group + SUMS), BN254.R);

                uint256 own = pair + (2 + i) * PAIR_BYTES;
                Words.copy(own, group + SUM_OF_C, 0x40);
                Words.copy(own + 0x40, key, 0x80);
            }
            Words.copy(pair + PAIR_BYTES, work, 0x40);
            _putGamma(pair + PAIR_BYTES + 0x40);

            _putAlphaBeta(pair);
            Words.copy(work, pair, 0x40);
            Words.store(work + 0x40, sumOfPowers);
            if (!BN254.mulInPlace(work)) return false;
            Words.copy(pair, work, 0x40);
            return true;
        }
    }

    /// @dev Hashes every word that the batch reads, as it reads it, and the lengths. Less has been forged: with a
    /// challenge that the inputs do not move, an error in one claim cancels an error in another. Nothing may be
    /// allocated between the first word and the hash: they stand in free memory.
    function _challenge(
        Claim[] calldata claims,
        bytes calldata proof
    ) internal view virtual returns (uint256 challenge) {
        unchecked {
            uint256 claimsAt = _offsetOf(claims);
            uint256 claimsBytes = claims.length * CLAIM_BYTES;
            uint256 head = Words.free();
            Words.store(head, uint256(BATCH_TAG));
            Words.store(head + 0x20, block.chainid);
            Words.store(head + 0x40, uint160(address(this)));
            Words.store(head + 0x60, claims.length);
            Words.copyCalldata(head + 0x80, claimsAt, claimsBytes);
            Words.copyCalldata(head + 0x80 + claimsBytes, _offsetOf(proof), proof.length);
            return Words.hash(head, 0x80 + claimsBytes + proof.length) % BN254.R;
        }
    }

    function _findGroup(
        uint256[] memory groups,
        uint256 groupCount,
        bytes32 model
    ) internal pure returns (uint256 group) {
        unchecked {
            for (uint256 i = groupCount; i > 0; --i) {
                if (Words.load(groups[i - 1]) == uint256(model)) return groups[i - 1];
            }
        }
    }

    function _accumulate(uint256 sum, uint256 power, uint256 value) internal pure {
        Words.store(sum, addmod(Words.load(sum), mulmod(power, value, BN254.R), BN254.R));
    }

    /// @dev Adds `scalar` times a point to the sum at `work`.
    function _addProduct(uint256 work, uint256 point, uint256 scalar) internal view returns (bool) {
        unchecked {
            Words.copy(work + 0x40, point, 0x40);
            Words.store(work + 0x80, scalar);
            return BN254.mulInPlace(work + 0x40) && BN254.addInPlace(work);
        }
    }

    /// @dev A y of P or more stays one that the precompiles refuse, and so does the zero of a point at infinity. Only P
    /// itself would become zero, and (0, 0) is infinity: it stays as it is.
    function _negate(uint256 point) internal pure {
        unchecked {
            uint256 y = Words.load(point + 0x20);
            if (y != BN254.P) Words.store(point + 0x20, BN254.P - y);
        }
    }

    /// @dev The `index`-th claim's public input at `offset` within it. Inputs that differ by R would prove the same.
    function _input(uint256 claim, uint256 offset, uint256 index) internal pure returns (uint256 value) {
        unchecked {
            value = Words.loadCalldata(claim + offset);
        }
        if (value >= BN254.R) revert NotInField(index, value);
    }

    function _putAlphaBeta(uint256 pair) internal view {
        Words.store(pair, ALPHA_X);
        Words.store(pair + 0x20, ALPHA_Y);
        Words.store(pair + 0x40, BETA_X_IMAGINARY);
        Words.store(pair + 0x60, BETA_X_REAL);
        Words.store(pair + 0x80, BETA_Y_IMAGINARY);
        Words.store(pair + 0xa0, BETA_Y_REAL);
    }

    function _putGamma(uint256 location) internal pure {
        Words.store(location, BN254.G2_X_IMAGINARY);
        Words.store(location + 0x20, BN254.G2_X_REAL);
        Words.store(location + 0x40, BN254.G2_Y_IMAGINARY);
        Words.store(location + 0x60, BN254.G2_Y_REAL);
    }

    function _gamma() internal pure returns (G2Point memory) {
        return G2Point(BN254.G2_X_IMAGINARY, BN254.G2_X_REAL, BN254.G2_Y_IMAGINARY, BN254.G2_Y_REAL);
    }

    // Keys live in code, at an address that the model's id alone decides: finding one reads no storage.

    function _loadKey(bytes32 model, uint256 location) internal view {
        address key = Create3.computeAddress(model);
        if (key.code.length != CODE_BYTES) revert UnknownModel(model);
        assembly ("memory-safe") {
            extcodecopy(key, location, 1, KEY_BYTES)
        }
    }

    /// @dev Code that returns what follows it: PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    function _creationCode(bytes memory code) internal pure returns (bytes memory) {
        return abi.encodePacked(hex"61", uint16(code.length), hex"80600a5f395ff3", code);
    }

    function _offsetOf(Claim[] calldata claims) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := claims.offset
        }
    }

    function _offsetOf(bytes calldata proof) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := proof.offset
        }
    }
}
