// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {EnclaveVerifier} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice Which answers are believed.
contract VerifyAnswersTest is EnclaveTest {
    /// @dev The x of secp256k1's generator, whose y is even: what a signature with the nonce one has as its r.
    uint256 private constant GENERATOR_X = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;

    function test_verify_signedByTheEnclave_holds() external view {
        vm.assertTrue(_verifies(KEY, _claim()), "holds");
    }

    function test_verify_noClaims_reverts() external {
        vm.expectRevert(EnclaveVerifier.NoClaims.selector);
        enclaves.verify(new Claim[](0), "");
    }

    function test_verify_wrongProofLength_reverts() external {
        Claim[] memory claims = _one(_claim());
        bytes memory proof = _answer(KEY, claims[0]);
        bytes[4] memory wrong = [
            bytes(""),
            abi.encodePacked(proof, hex"00"),
            abi.encodePacked(proof, proof),
            abi.encodePacked(bytes32(proof), bytes31(bytes32(uint256(1))))
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.WrongProofLength.selector, wrong[i].length, 64));
            enclaves.verify(claims, wrong[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.WrongProofLength.selector, 64, 128));
        enclaves.verify(_two(claims[0], claims[0]), proof);
    }

    function test_verify_unknownModel_reverts() external {
        Claim memory claim = _claimOf("request", "unknown");
        bytes memory proof = _answer(KEY, claim);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.UnknownModel.selector, bytes32("unknown")));
        enclaves.verify(_one(claim), proof);
    }

    function test_verify_zeroModel_reverts() external {
        Claim memory claim = _claimOf("request", 0);
        bytes memory proof = _answer(KEY, claim);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.UnknownModel.selector, bytes32(0)));
        enclaves.verify(_one(claim), proof);
    }

    function test_verify_unknownModelAmongOthers_reverts() external {
        Claim[] memory claims = _two(_claim(), _claimOf("second", "unknown"));
        bytes memory proof = abi.encodePacked(_answer(KEY, claims[0]), _answer(KEY, claims[1]));
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.UnknownModel.selector, bytes32("unknown")));
        enclaves.verify(claims, proof);
    }

    function testFuzz_verify_anyBitOfWhatIsSigned_fails(uint256 bit) external view {
        Claim memory claim = _claim();
        bytes memory proof = _answer(KEY, claim);
        bytes32 flip = bytes32(1 << bound(bit, 0, 255));
        claim.request ^= flip;
        vm.assertFalse(enclaves.verify(_one(claim), proof), "request");
        claim = _claim();
        claim.input ^= flip;
        vm.assertFalse(enclaves.verify(_one(claim), proof), "input");
        claim = _claim();
        claim.output ^= flip;
        vm.assertFalse(enclaves.verify(_one(claim), proof), "output");
        claim = _claim();
        claim.charge ^= uint96(1 << (bound(bit, 0, 255) % 96));
        vm.assertFalse(enclaves.verify(_one(claim), proof), "charge");
    }

    function testFuzz_verify_anyBitOfTheSignature_fails(uint256 bit) external view {
        Claim memory claim = _claim();
        bytes memory proof = _answer(KEY, claim);
        bit = bound(bit, 0, 511);
        proof[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        vm.assertFalse(enclaves.verify(_one(claim), proof), "signature");
    }

    /// @dev Documented: a fill's prover is up to whoever submits it, so that requests pay it nothing.
    function testFuzz_verify_context_isNotBound(bytes32 context) external view {
        Claim memory claim = _claim();
        bytes memory proof = _answer(KEY, claim);
        claim.context = context;
        vm.assertTrue(enclaves.verify(_one(claim), proof), "holds");
    }

    function test_verify_otherModelOfTheSameMeasurement_fails() external {
        bytes32 other = enclaves.publish(MEASUREMENT, "other manifest", "");
        bytes memory proof = _answer(KEY, _claim());
        vm.assertFalse(enclaves.verify(_one(_claimOf("request", other)), proof), "signed for another model");
        vm.assertTrue(_verifies(KEY, _claimOf("request", other)), "signed for it");
    }

    function test_verify_modelOfAnotherMeasurement_fails() external {
        bytes32 other = enclaves.publish(OTHER_MEASUREMENT, MANIFEST, "");
        vm.assertFalse(_verifies(KEY, _claimOf("request", other)), "by a key of the first");
        _enrol(_enrolmentOf(OTHER_KEY, OTHER_MEASUREMENT));
        vm.assertTrue(_verifies(OTHER_KEY, _claimOf("request", other)), "by a key of the second");
        vm.assertFalse(_verifies(OTHER_KEY, _claim()), "by a key of the second, for the first");
    }

    function test_verify_unknownKey_fails() external view {
        vm.assertFalse(_verifies(STRANGER, _claim()), "stranger");
        vm.assertFalse(_verifies(attesterKeys[0], _claim()), "attester");
    }

    function test_verify_expired_failsFromTheNextSecondOn() external {
        vm.warp(EXPIRY);
        vm.assertTrue(_verifies(KEY, _claim()), "at its last second");
        vm.warp(EXPIRY + 1);
        vm.assertFalse(_verifies(KEY, _claim()), "a second later");
    }

    function test_verify_revokedKey_fails() external {
        _revokeKey(key);
        vm.assertFalse(_verifies(KEY, _claim()), "answer");
    }

    function test_verify_revokedMeasurement_fails() external {
        _revokeMeasurement(MEASUREMENT);
        vm.assertFalse(_verifies(KEY, _claim()), "answer");
    }

    function test_verify_otherChain_fails() external {
        bytes memory proof = _answer(KEY, _claim());
        uint256 chainId = block.chainid;
        vm.chainId(chainId + 1);
        bool holds = enclaves.verify(_one(_claim()), proof);
        bool signedHere = _verifies(KEY, _claim());
        vm.chainId(chainId);
        vm.assertFalse(holds, "signed for the first chain");
        vm.assertTrue(signedHere, "signed for the second");
    }

    function test_verify_otherVerifier_fails() external {
        bytes memory proof = _answer(KEY, _claim());
        enclaves = _deploy();
        enclaves.publish(MEASUREMENT, MANIFEST, "");
        _enrol(_enrolment());
        vm.assertFalse(enclaves.verify(_one(_claim()), proof), "signed for the first");
        vm.assertTrue(_verifies(KEY, _claim()), "signed for the second");
    }

    function test_verify_domainWithoutChainId_fails() external view {
        bytes32 typehash = keccak256("EIP712Domain(string name,string version,address verifyingContract)");
        bytes32 separator = keccak256(
            abi.encode(typehash, keccak256("Assay EnclaveVerifier"), keccak256("1"), address(enclaves))
        );
        Signature memory signature = _sign(KEY, _digestIn(separator, _hashOf(_claim())));
        vm.assertFalse(enclaves.verify(_one(_claim()), abi.encodePacked(signature.r, signature.vs)), "holds");
    }

    /// @dev The key is made to fit the signature, so that but for its s it would hold.
    function test_verify_highS_fails() external {
        Claim memory claim = _claim();
        _enrol(_enrolmentOf(_keyFor(_digestOf(claim), LEAST_HIGH_S), MEASUREMENT));
        vm.assertFalse(enclaves.verify(_one(claim), abi.encodePacked(GENERATOR_X, LEAST_HIGH_S)), "high");
        _enrol(_enrolmentOf(_keyFor(_digestOf(claim), LEAST_HIGH_S - 1), MEASUREMENT));
        vm.assertTrue(enclaves.verify(_one(claim), abi.encodePacked(GENERATOR_X, LEAST_HIGH_S - 1)), "low");
    }

    /// @dev What recovers nobody recovers zero, and zero is the key that is seen before the first.
    function test_verify_nobodysSignature_fails() external view {
        Claim memory claim = _claim();
        bytes memory good = _answer(KEY, claim);
        bytes[4] memory bad = [
            abi.encode(0, 0),
            abi.encode(ORDER, 1),
            abi.encode(1, 0),
            // No point of the curve has this x.
            abi.encode(5, 1)
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.assertFalse(enclaves.verify(_one(claim), bad[i]), "alone");
            vm.assertFalse(enclaves.verify(_two(claim, claim), abi.encodePacked(good, bad[i])), "second");
            vm.assertFalse(enclaves.verify(_two(claim, claim), abi.encodePacked(bad[i], good)), "first");
        }
    }

    function test_verify_swappedInABatch_fails() external view {
        Claim[] memory claims = _two(_claim(), _claimOf("second", model));
        (bytes memory first, bytes memory second) = (_answer(KEY, claims[0]), _answer(KEY, claims[1]));
        vm.assertTrue(enclaves.verify(claims, abi.encodePacked(first, second)), "in order");
        vm.assertFalse(enclaves.verify(claims, abi.encodePacked(second, first)), "swapped");
        vm.assertFalse(enclaves.verify(claims, abi.encodePacked(first, first)), "repeated");
    }

    /// @dev A charge with bits beyond its type is not cut to the one that was signed.
    function testFuzz_verify_strayBits_fail(uint256 bit) external view {
        Claim memory claim = _claim();
        bytes memory data = abi.encodeCall(IVerifier.verify, (_one(claim), _answer(KEY, claim)));
        vm.assertTrue(_callVerify(data), "clean");
        uint256 stray = 1 << bound(bit, 96, 255);
        assembly ("memory-safe") {
            // Length, selector, two offsets, the number of claims, then the fifth word of the claim.
            let charge := add(data, add(0x24, add(0x60, 0x80)))
            mstore(charge, or(mload(charge), stray))
        }
        vm.assertFalse(_callVerify(data), "dirty");
    }

    /// @dev Runs of equal models and keys share a look-up: every change between two claims must look again.
    function testFuzz_verify_mixedBatch_holdsExactlyIfEachDoes(uint256 seed) external {
        bytes32 other = enclaves.publish(OTHER_MEASUREMENT, MANIFEST, "");
        _enrol(_enrolmentOf(OTHER_KEY, OTHER_MEASUREMENT));
        _enrol(_enrolmentOf(OTHER_KEY + 1, MEASUREMENT));
        if (seed % 3 == 0) _revokeKey(vm.addr(OTHER_KEY + 1));
        bytes32[3] memory models = [model, model, other];
        uint256[4] memory keys = [KEY, OTHER_KEY + 1, OTHER_KEY, STRANGER];

        Claim[] memory claims = new Claim[](4);
        bytes memory proof;
        bool allHold = true;
        for (uint256 i = 0; i < claims.length; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            claims[i] = _claimOf(bytes32(i), models[dice % 3]);
            // Mostly the key of the model's own measurement.
            uint256 privateKey = (dice >> 8) % 8 == 0 ? keys[(dice >> 16) % 4] : keys[dice % 3];
            if (!_verifies(privateKey, claims[i])) allHold = false;
            proof = abi.encodePacked(proof, _answer(privateKey, claims[i]));
        }
        vm.assertEq(enclaves.verify(claims, proof), allHold, "batch");
    }

    function _callVerify(bytes memory data) private view returns (bool) {
        (bool success, bytes memory answer) = address(enclaves).staticcall(data);
        vm.assertTrue(success, "reverted");
        return abi.decode(answer, (bool));
    }

    /// @dev The private key whose signature of `digest` with the nonce one has this s.
    function _keyFor(bytes32 digest, uint256 s) private pure returns (uint256) {
        uint256 difference = addmod(s, ORDER - (uint256(digest) % ORDER), ORDER);
        return mulmod(difference, Math.invMod(GENERATOR_X, ORDER), ORDER);
    }
}
