// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {EnclaveVerifier, Enrolment} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice The life of a key, cell by cell: `test_<state>_<what is tried>_<what comes of it>`.
/// @dev Columns: an answer of the key; an enrolment with a later expiry; the enrolment of before again; its revocation;
/// its measurement's revocation. Where an enrolment is refused, nothing at all changes.
contract KeyStatesTest is EnclaveTest {
    uint256 private constant FRESH = 0xF2E58;

    // Rows

    function _unknown() private pure returns (uint256) {
        return FRESH;
    }

    function _live() private returns (uint256) {
        _enrol(_enrolmentOf(FRESH, MEASUREMENT));
        return FRESH;
    }

    function _expired() private returns (uint256) {
        _live();
        vm.warp(EXPIRY + 1);
        return FRESH;
    }

    function _revoked() private returns (uint256) {
        _live();
        _revokeKey(vm.addr(FRESH));
        return FRESH;
    }

    function _measurementRevoked() private returns (uint256) {
        _live();
        _revokeMeasurement(MEASUREMENT);
        return FRESH;
    }

    // Columns

    function _holds(uint256 privateKey) private view {
        vm.assertTrue(_verifies(privateKey, _claim()), "answer");
        vm.assertTrue(enclaves.isLive(vm.addr(privateKey)), "live");
    }

    function _fails(uint256 privateKey) private view {
        vm.assertFalse(_verifies(privateKey, _claim()), "answer");
        vm.assertFalse(enclaves.isLive(vm.addr(privateKey)), "live");
    }

    function _later(uint256 privateKey) private view returns (Enrolment memory enrolment) {
        enrolment = _enrolmentOf(privateKey, MEASUREMENT);
        enrolment.expiry = EXPIRY + 1 days;
    }

    function _enrols(uint256 privateKey) private {
        _enrol(_later(privateKey));
        _holds(privateKey);
        vm.assertEq(enclaves.keyOf(vm.addr(privateKey)).expiry, EXPIRY + 1 days, "expiry");
    }

    function _cannotEnrol(Enrolment memory enrolment, bytes memory reason) private {
        bytes32 before = _hashOfKey(enrolment.key);
        Signature[] memory signatures = _byQuorum(_digestOf(enrolment));
        vm.expectRevert(reason);
        enclaves.enrol(enrolment, signatures);
        vm.assertEq(_hashOfKey(enrolment.key), before, "key");
    }

    function _cannotRevokeKey(uint256 privateKey) private {
        Signature[] memory signatures = _byQuorum(_digestOfKeyRevocation(vm.addr(privateKey)));
        vm.expectRevert(_keyIsRevoked(privateKey));
        enclaves.revokeKey(vm.addr(privateKey), signatures);
    }

    function _revokesKey(uint256 privateKey) private {
        _revokeKey(vm.addr(privateKey));
        _fails(privateKey);
        _cannotEnrol(_later(privateKey), _keyIsRevoked(privateKey));
    }

    function _revokesMeasurement(uint256 privateKey) private {
        _revokeMeasurement(MEASUREMENT);
        _fails(privateKey);
        _cannotEnrol(_later(privateKey), _measurementIsRevoked());
    }

    function _notLater(uint256 expiry) private pure returns (bytes memory) {
        return abi.encodeWithSelector(EnclaveVerifier.ExpiryNotLater.selector, expiry, expiry);
    }

    function _keyIsRevoked(uint256 privateKey) private pure returns (bytes memory) {
        return abi.encodeWithSelector(EnclaveVerifier.KeyIsRevoked.selector, vm.addr(privateKey));
    }

    function _measurementIsRevoked() private pure returns (bytes memory) {
        return abi.encodeWithSelector(EnclaveVerifier.MeasurementIsRevoked.selector, MEASUREMENT);
    }

    // Unknown

    function test_unknown_answer_fails() external view {
        _fails(_unknown());
    }

    function test_unknown_enrol_makesItLive() external {
        _enrols(_unknown());
    }

    function test_unknown_revokeKey_bansIt() external {
        _revokesKey(_unknown());
    }

    function test_unknown_revokeMeasurement_bansIt() external {
        _revokesMeasurement(_unknown());
    }

    // Live

    function test_live_answer_holds() external {
        _holds(_live());
    }

    function test_live_enrol_renews() external {
        _enrols(_live());
    }

    function test_live_enrolAgain_isImpossible() external {
        _cannotEnrol(_enrolmentOf(_live(), MEASUREMENT), _notLater(EXPIRY));
    }

    function test_live_revokeKey_endsIt() external {
        _revokesKey(_live());
    }

    function test_live_revokeMeasurement_endsIt() external {
        _revokesMeasurement(_live());
    }

    // Expired

    function test_expired_answer_fails() external {
        _fails(_expired());
    }

    function test_expired_enrol_revives() external {
        _enrols(_expired());
    }

    function test_expired_enrolAgain_isImpossible() external {
        uint256 time = uint256(EXPIRY) + 1;
        _cannotEnrol(
            _enrolmentOf(_expired(), MEASUREMENT),
            abi.encodeWithSelector(EnclaveVerifier.ExpiryOutOfRange.selector, EXPIRY, time, time + 90 days)
        );
    }

    function test_expired_revokeKey_bansIt() external {
        _revokesKey(_expired());
    }

    function test_expired_revokeMeasurement_bansIt() external {
        _revokesMeasurement(_expired());
    }

    // Revoked

    function test_revoked_answer_fails() external {
        _fails(_revoked());
    }

    function test_revoked_enrol_isImpossible() external {
        _cannotEnrol(_later(_revoked()), _keyIsRevoked(FRESH));
    }

    function test_revoked_enrolAgain_isImpossible() external {
        _cannotEnrol(_enrolmentOf(_revoked(), MEASUREMENT), _keyIsRevoked(FRESH));
    }

    function test_revoked_revokeKey_isImpossible() external {
        _cannotRevokeKey(_revoked());
    }

    function test_revoked_revokeMeasurement_isOneMoreReason() external {
        _revokesMeasurement(_revoked());
    }

    // Measurement revoked

    function test_measurementRevoked_answer_fails() external {
        _fails(_measurementRevoked());
    }

    function test_measurementRevoked_enrol_isImpossible() external {
        _cannotEnrol(_later(_measurementRevoked()), _measurementIsRevoked());
    }

    function test_measurementRevoked_enrolAgain_isImpossible() external {
        _cannotEnrol(_enrolmentOf(_measurementRevoked(), MEASUREMENT), _measurementIsRevoked());
    }

    function test_measurementRevoked_revokeKey_isOneMoreReason() external {
        _revokeKey(vm.addr(_measurementRevoked()));
        vm.assertTrue(enclaves.keyOf(vm.addr(FRESH)).isRevoked, "revoked");
        _fails(FRESH);
    }

    function test_measurementRevoked_revokeMeasurement_isImpossible() external {
        _measurementRevoked();
        Signature[] memory signatures = _byQuorum(_digestOfMeasurementRevocation(MEASUREMENT));
        vm.expectRevert(_measurementIsRevoked());
        enclaves.revokeMeasurement(MEASUREMENT, signatures);
    }
}
