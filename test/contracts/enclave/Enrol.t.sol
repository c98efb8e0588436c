// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {EnclaveKey, EnclaveVerifier, Enrolment} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice What enrols a key, what lets it live longer, and what does neither.
contract EnrolTest is EnclaveTest {
    function test_enrol_records() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, OTHER_MEASUREMENT);
        enrolment.platform = 3;
        vm.assertFalse(enclaves.isLive(enrolment.key), "before");
        Signature[] memory signatures = _byQuorum(_digestOf(enrolment));
        vm.expectEmit(address(enclaves));
        emit EnclaveVerifier.Enrolled(enrolment.key, OTHER_MEASUREMENT, 3, ATTESTATION, EXPIRY);
        enclaves.enrol(enrolment, signatures);

        EnclaveKey memory known = enclaves.keyOf(enrolment.key);
        vm.assertEq(known.measurement, OTHER_MEASUREMENT, "measurement");
        vm.assertEq(known.attestation, ATTESTATION, "attestation");
        vm.assertEq(known.expiry, EXPIRY, "expiry");
        vm.assertEq(known.platform, 3, "platform");
        vm.assertFalse(known.isRevoked, "revoked");
        vm.assertTrue(enclaves.isLive(enrolment.key), "live");
        vm.assertTrue(enclaves.isLive(key), "the other key");
    }

    function test_enrol_bySubmitterOfAnySort() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        Signature[] memory signatures = _byQuorum(_digestOf(enrolment));
        vm.prank(vm.addr(STRANGER));
        enclaves.enrol(enrolment, signatures);
        vm.assertTrue(enclaves.isLive(enrolment.key), "live");
    }

    function test_enrol_zeroKey_reverts() external {
        Enrolment memory enrolment = _enrolment();
        enrolment.key = address(0);
        _refuse(enrolment, abi.encodeWithSelector(EnclaveVerifier.ZeroKey.selector));
    }

    function test_enrol_zeroMeasurement_reverts() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, 0);
        _refuse(enrolment, abi.encodeWithSelector(EnclaveVerifier.ZeroMeasurement.selector));
    }

    function test_enrol_unknownPlatform_reverts() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        enrolment.platform = 0;
        _refuse(enrolment, abi.encodeWithSelector(EnclaveVerifier.UnknownPlatform.selector, 0, 3));
        enrolment.platform = 4;
        _refuse(enrolment, abi.encodeWithSelector(EnclaveVerifier.UnknownPlatform.selector, 4, 3));
        for (uint8 platform = 1; platform <= 3; ++platform) {
            (enrolment.key, enrolment.platform) = (vm.addr(OTHER_KEY + platform), platform);
            _enrol(enrolment);
        }
    }

    function test_enrol_expiryNotAhead_reverts() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        for (uint40 past = 0; past < 2; ++past) {
            enrolment.expiry = uint40(NOW) - past;
            _refuse(
                enrolment,
                abi.encodeWithSelector(EnclaveVerifier.ExpiryOutOfRange.selector, NOW - past, NOW, NOW + 90 days)
            );
        }
        enrolment.expiry = uint40(NOW) + 1;
        _enrol(enrolment);
    }

    function test_enrol_expiryTooFarAhead_reverts() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        uint256 latest = NOW + enclaves.MAX_VALIDITY();
        enrolment.expiry = uint40(latest) + 1;
        _refuse(enrolment, abi.encodeWithSelector(EnclaveVerifier.ExpiryOutOfRange.selector, latest + 1, NOW, latest));
        enrolment.expiry = uint40(latest);
        _enrol(enrolment);
    }

    function test_enrol_revokedMeasurement_reverts() external {
        _revokeMeasurement(OTHER_MEASUREMENT);
        _refuse(
            _enrolmentOf(OTHER_KEY, OTHER_MEASUREMENT),
            abi.encodeWithSelector(EnclaveVerifier.MeasurementIsRevoked.selector, OTHER_MEASUREMENT)
        );
    }

    function test_enrol_revokedKey_reverts() external {
        address other = vm.addr(OTHER_KEY);
        _revokeKey(other);
        _refuse(
            _enrolmentOf(OTHER_KEY, MEASUREMENT),
            abi.encodeWithSelector(EnclaveVerifier.KeyIsRevoked.selector, other)
        );
    }

    function test_enrol_knownKeyOfOtherMeasurement_reverts() external {
        Enrolment memory enrolment = _enrolment();
        (enrolment.measurement, enrolment.expiry) = (OTHER_MEASUREMENT, EXPIRY + 1);
        _refuse(enrolment, _otherEnclave());
    }

    function test_enrol_knownKeyOnOtherPlatform_reverts() external {
        Enrolment memory enrolment = _enrolment();
        (enrolment.platform, enrolment.expiry) = (2, EXPIRY + 1);
        _refuse(enrolment, _otherEnclave());
    }

    function test_enrol_expiredKeyOfOtherMeasurement_reverts() external {
        vm.warp(EXPIRY + 1);
        Enrolment memory enrolment = _enrolment();
        (enrolment.measurement, enrolment.expiry) = (OTHER_MEASUREMENT, EXPIRY + 10);
        _refuse(enrolment, _otherEnclave());
    }

    function test_enrol_sameAgain_reverts() external {
        _refuse(_enrolment(), abi.encodeWithSelector(EnclaveVerifier.ExpiryNotLater.selector, EXPIRY, EXPIRY));
    }

    function test_enrol_olderOneReplayed_reverts() external {
        Enrolment memory renewal = _enrolment();
        renewal.expiry = EXPIRY + 1 days;
        _enrol(renewal);
        _refuse(_enrolment(), abi.encodeWithSelector(EnclaveVerifier.ExpiryNotLater.selector, EXPIRY, EXPIRY + 1 days));
    }

    function test_enrol_later_renews() external {
        Enrolment memory renewal = _enrolment();
        (renewal.expiry, renewal.attestation) = (EXPIRY + 1, keccak256("newer document"));
        _enrol(renewal);
        EnclaveKey memory known = enclaves.keyOf(key);
        vm.assertEq(known.expiry, EXPIRY + 1, "expiry");
        vm.assertEq(known.attestation, renewal.attestation, "attestation");
        vm.assertEq(known.measurement, MEASUREMENT, "measurement");
        vm.warp(EXPIRY + 1);
        vm.assertTrue(_verifies(KEY, _claim()), "answer");
    }

    function test_enrol_afterExpiry_revives() external {
        vm.warp(EXPIRY + 1);
        vm.assertFalse(enclaves.isLive(key), "expired");
        Enrolment memory renewal = _enrolment();
        renewal.expiry = EXPIRY + 30 days;
        _enrol(renewal);
        vm.assertTrue(enclaves.isLive(key), "live");
    }

    function _otherEnclave() private view returns (bytes memory) {
        return abi.encodeWithSelector(EnclaveVerifier.OtherEnclave.selector, key, MEASUREMENT, NITRO);
    }

    /// @dev Signed by all that are needed, an enrolment is refused, and the key stays what it was.
    function _refuse(Enrolment memory enrolment, bytes memory reason) private {
        bytes32 before = _hashOfKey(enrolment.key);
        Signature[] memory signatures = _byQuorum(_digestOf(enrolment));
        vm.expectRevert(reason);
        enclaves.enrol(enrolment, signatures);
        vm.assertEq(_hashOfKey(enrolment.key), before, "key");
    }
}
