// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {EnclaveKey, EnclaveVerifier, Enrolment} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice What is revoked stays so, at the same cost however many keys there are.
contract RevokeTest is EnclaveTest {
    function test_revokeKey_endsItAlone() external {
        _enrol(_enrolmentOf(OTHER_KEY, MEASUREMENT));
        Signature[] memory signatures = _byQuorum(_digestOfKeyRevocation(key));
        vm.expectEmit(address(enclaves));
        emit EnclaveVerifier.KeyRevoked(key);
        enclaves.revokeKey(key, signatures);

        EnclaveKey memory known = enclaves.keyOf(key);
        vm.assertTrue(known.isRevoked, "revoked");
        vm.assertEq(known.measurement, MEASUREMENT, "measurement");
        vm.assertEq(known.attestation, ATTESTATION, "attestation");
        vm.assertEq(known.expiry, EXPIRY, "expiry");
        vm.assertFalse(enclaves.isLive(key), "live");
        vm.assertTrue(enclaves.isLive(vm.addr(OTHER_KEY)), "the other key");
        vm.assertFalse(enclaves.isRevoked(MEASUREMENT), "measurement's revocation");
    }

    function test_revokeKey_unknown_bansIt() external {
        address other = vm.addr(OTHER_KEY);
        _revokeKey(other);
        vm.assertTrue(enclaves.keyOf(other).isRevoked, "revoked");
        vm.assertFalse(enclaves.isLive(other), "live");
    }

    /// @dev A key that is revoked before it is enrolled has no measurement yet: it must not get one later.
    function test_revokeKey_unknown_isBannedWithEveryMeasurement() external {
        bytes32 otherModel = enclaves.publish(OTHER_MEASUREMENT, MANIFEST, "");
        address other = vm.addr(OTHER_KEY);
        _revokeKey(other);
        bytes32[2] memory measurements = [MEASUREMENT, OTHER_MEASUREMENT];
        for (uint256 i = 0; i < 2; ++i) {
            for (uint8 platform = 1; platform <= 3; ++platform) {
                Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, measurements[i]);
                enrolment.platform = platform;
                Signature[] memory signatures = _byQuorum(_digestOf(enrolment));
                vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.KeyIsRevoked.selector, other));
                enclaves.enrol(enrolment, signatures);
            }
        }
        vm.assertFalse(_verifies(OTHER_KEY, _claim()), "one model");
        vm.assertFalse(_verifies(OTHER_KEY, _claimOf("request", otherModel)), "another");
        vm.assertEq(enclaves.keyOf(other).measurement, 0, "measurement");
    }

    function test_revokeKey_again_reverts() external {
        _revokeKey(key);
        Signature[] memory signatures = _byQuorum(_digestOfKeyRevocation(key));
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.KeyIsRevoked.selector, key));
        enclaves.revokeKey(key, signatures);
    }

    function test_revokeKey_byItsOwnHolder_reverts() external {
        Signature[] memory signatures = _by(_digestOfKeyRevocation(key), KEY, KEY);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.NotAttester.selector, key));
        vm.prank(key);
        enclaves.revokeKey(key, signatures);
    }

    function test_revokeMeasurement_endsAllItsKeys() external {
        _enrol(_enrolmentOf(OTHER_KEY, MEASUREMENT));
        _enrol(_enrolmentOf(STRANGER, OTHER_MEASUREMENT));
        Signature[] memory signatures = _byQuorum(_digestOfMeasurementRevocation(MEASUREMENT));
        vm.expectEmit(address(enclaves));
        emit EnclaveVerifier.MeasurementRevoked(MEASUREMENT);
        enclaves.revokeMeasurement(MEASUREMENT, signatures);

        vm.assertTrue(enclaves.isRevoked(MEASUREMENT), "revoked");
        vm.assertFalse(enclaves.isLive(key), "one key");
        vm.assertFalse(enclaves.isLive(vm.addr(OTHER_KEY)), "another key");
        vm.assertTrue(enclaves.isLive(vm.addr(STRANGER)), "a key of another measurement");
        vm.assertFalse(enclaves.keyOf(key).isRevoked, "the key's own revocation");
    }

    function test_revokeMeasurement_again_reverts() external {
        _revokeMeasurement(MEASUREMENT);
        Signature[] memory signatures = _byQuorum(_digestOfMeasurementRevocation(MEASUREMENT));
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.MeasurementIsRevoked.selector, MEASUREMENT));
        enclaves.revokeMeasurement(MEASUREMENT, signatures);
    }

    function test_revoked_neverComesBack() external {
        _revokeMeasurement(MEASUREMENT);
        enclaves.publish(MEASUREMENT, MANIFEST, "again");
        Enrolment memory renewal = _enrolment();
        renewal.expiry = EXPIRY + 1;
        Signature[] memory signatures = _byQuorum(_digestOf(renewal));
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.MeasurementIsRevoked.selector, MEASUREMENT));
        enclaves.enrol(renewal, signatures);
        vm.warp(NOW + 3650 days);
        vm.assertTrue(enclaves.isRevoked(MEASUREMENT), "measurement");
        vm.assertFalse(enclaves.isLive(key), "key");
    }

    /// @dev Whoever can enrol many keys must not be able to make their revocation cost more than a block has.
    function test_revocationThatLoops_costsTheSameWithOneKeyAndWithFifty() external {
        (uint256 one, uint256 oneOfOne) = _revocationGas();
        for (uint256 i = 1; i < 50; ++i) {
            _enrol(_enrolmentOf(KEY + i, MEASUREMENT));
        }
        (uint256 all, uint256 oneOfAll) = _revocationGas();
        vm.assertEq(all, one, "measurement");
        vm.assertEq(oneOfAll, oneOfOne, "key");
        _revokeMeasurement(MEASUREMENT);
        for (uint256 i = 0; i < 50; ++i) {
            vm.assertFalse(enclaves.isLive(vm.addr(KEY + i)), "live");
        }
    }

    /// @dev Of the measurement and of the first key; everything is undone.
    function _revocationGas() private returns (uint256 ofMeasurement, uint256 ofKey) {
        // What a revocation touches is warm from here on, whatever came before.
        enclaves.isAttester(vm.addr(attesterKeys[0]));
        enclaves.isAttester(vm.addr(attesterKeys[1]));
        enclaves.isLive(key);
        bytes32 digest = _digestOfMeasurementRevocation(MEASUREMENT);
        ofMeasurement = _gasOf(abi.encodeCall(enclaves.revokeMeasurement, (MEASUREMENT, _byQuorum(digest))));
        digest = _digestOfKeyRevocation(key);
        ofKey = _gasOf(abi.encodeCall(enclaves.revokeKey, (key, _byQuorum(digest))));
    }

    function _gasOf(bytes memory data) private returns (uint256 used) {
        uint256 before = vm.snapshotState();
        used = this.gasOf(data);
        vm.revertToState(before);
    }

    /// @dev A call of its own, since the more memory a caller has the more it pays for more.
    function gasOf(bytes calldata data) external returns (uint256 used) {
        used = gasleft();
        (bool success, ) = address(enclaves).call(data);
        used -= gasleft();
        vm.assertTrue(success, "revocation");
    }
}
