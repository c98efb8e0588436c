// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {EnclaveVerifier, Enrolment} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice Nothing less than two of the three attesters enrols or revokes, whatever is tried instead.
/// @dev Each attack is made on all three: enrolling, revoking a key and revoking a measurement.
contract QuorumTest is EnclaveTest {
    /// What is to be signed: for each of the three, in this order.
    enum Act {
        Enrol,
        RevokeKey,
        RevokeMeasurement
    }

    function test_quorum_twoOfThree_suffice() external {
        _eachAct(this.anyTwo);
    }

    function test_quorum_allThree_suffice() external {
        _eachAct(this.allThree);
    }

    function test_quorum_oneShort_reverts() external {
        _eachAct(this.oneShort);
    }

    function test_quorum_none_reverts() external {
        _eachAct(this.none);
    }

    function test_quorum_sameSignerTwice_reverts() external {
        _eachAct(this.sameTwice);
    }

    function test_quorum_descending_reverts() external {
        _eachAct(this.descending);
    }

    function test_quorum_strangerAmongThem_reverts() external {
        _eachAct(this.strangerAmongThem);
    }

    function test_quorum_strangerAfterEnough_reverts() external {
        _eachAct(this.strangerAfterEnough);
    }

    function test_quorum_highS_reverts() external {
        _eachAct(this.highS);
    }

    function test_quorum_noSignature_reverts() external {
        _eachAct(this.noSignature);
    }

    function test_quorum_otherChain_reverts() external {
        _eachAct(this.otherChain);
    }

    function test_quorum_otherVerifier_reverts() external {
        _eachAct(this.otherVerifier);
    }

    function test_quorum_domainWithoutChainId_reverts() external {
        _eachAct(this.domainWithoutChainId);
    }

    function test_quorum_otherAct_reverts() external {
        _eachAct(this.otherAct);
    }

    /// @dev One signature that counts for another enrolment must not count for this one.
    function test_quorum_signaturesOfDifferentEnrolments_revert() external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        Enrolment memory changed = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        changed.attestation = keccak256("another document");
        Signature[] memory signatures = _by(_digestOf(enrolment), attesterKeys[0], attesterKeys[1]);
        signatures[1] = _sign(attesterKeys[1], _digestOf(changed));
        vm.expectPartialRevert(EnclaveVerifier.NotAttester.selector);
        enclaves.enrol(enrolment, signatures);
    }

    function testFuzz_quorum_changedEnrolment_reverts(uint256 field, uint256 bit) external {
        Enrolment memory enrolment = _enrolmentOf(OTHER_KEY, MEASUREMENT);
        Signature[] memory signatures = _byQuorum(_digestOf(enrolment));
        field = bound(field, 0, 3);
        bit = bound(bit, 0, 159);
        if (field == 0) enrolment.key = address(uint160(enrolment.key) ^ uint160(1 << bit));
        if (field == 1) enrolment.measurement ^= bytes32(1 << bit);
        if (field == 2) enrolment.attestation ^= bytes32(1 << bit);
        // Bits of at most a day, so that it stays within the range.
        if (field == 3) enrolment.expiry ^= uint40(1 << (bit % 17));
        vm.expectPartialRevert(EnclaveVerifier.NotAttester.selector);
        enclaves.enrol(enrolment, signatures);
    }

    // The attacks: each gets a digest and does the act with signatures of its own.

    function anyTwo(Act act) external {
        for (uint256 left = 0; left < 3; ++left) {
            uint256 before = vm.snapshotState();
            _do(act, _by(_digestOf(act), attesterKeys[left == 0 ? 1 : 0], attesterKeys[left == 2 ? 1 : 2]));
            vm.revertToState(before);
        }
    }

    function allThree(Act act) external {
        _do(act, _three(_digestOf(act), attesterKeys[2]));
    }

    function oneShort(Act act) external {
        Signature[] memory signatures = _by(_digestOf(act), attesterKeys[0]);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.TooFewSignatures.selector, 1, 2));
        _do(act, signatures);
    }

    function none(Act act) external {
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.TooFewSignatures.selector, 0, 2));
        _do(act, new Signature[](0));
    }

    function sameTwice(Act act) external {
        address signer = vm.addr(attesterKeys[1]);
        Signature[] memory signatures = _by(_digestOf(act), attesterKeys[1], attesterKeys[1]);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.SignersOutOfOrder.selector, signer, signer));
        _do(act, signatures);
    }

    function descending(Act act) external {
        (address low, address high) = (vm.addr(attesterKeys[0]), vm.addr(attesterKeys[1]));
        Signature[] memory signatures = _by(_digestOf(act), attesterKeys[1], attesterKeys[0]);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.SignersOutOfOrder.selector, low, high));
        _do(act, signatures);
    }

    function strangerAmongThem(Act act) external {
        Signature[] memory signatures = _by(_digestOf(act), attesterKeys[0], STRANGER);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.NotAttester.selector, vm.addr(STRANGER)));
        _do(act, signatures);
    }

    function strangerAfterEnough(Act act) external {
        Signature[] memory signatures = _three(_digestOf(act), STRANGER);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.NotAttester.selector, vm.addr(STRANGER)));
        _do(act, signatures);
    }

    /// @dev Not by whomever it would recover: by nobody.
    function highS(Act act) external {
        Signature[] memory signatures = _byQuorum(_digestOf(act));
        signatures[1].vs = bytes32(LEAST_HIGH_S);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.NotAttester.selector, address(0)));
        _do(act, signatures);
    }

    function noSignature(Act act) external {
        Signature[] memory signatures = _byQuorum(_digestOf(act));
        signatures[0] = Signature(0, 0);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.NotAttester.selector, address(0)));
        _do(act, signatures);
    }

    function otherChain(Act act) external {
        Signature[] memory signatures = _byQuorum(_digestOf(act));
        vm.chainId(block.chainid + 1);
        _refuseStrangers(act, signatures);
    }

    function otherVerifier(Act act) external {
        EnclaveVerifier first = enclaves;
        Signature[] memory signatures = _byQuorum(_digestOf(act));
        enclaves = _deploy();
        vm.assertNotEq(bytes32(uint256(uint160(address(first)))), bytes32(uint256(uint160(address(enclaves)))), "same");
        _refuseStrangers(act, signatures);
    }

    /// @dev A domain of name, version and contract alone would let a signature of one chain count on all.
    function domainWithoutChainId(Act act) external {
        bytes32 typehash = keccak256("EIP712Domain(string name,string version,address verifyingContract)");
        bytes32 separator = keccak256(
            abi.encode(typehash, keccak256("Assay EnclaveVerifier"), keccak256("1"), address(enclaves))
        );
        _refuseStrangers(act, _byQuorum(_digestIn(separator, _structHashOf(act))));
    }

    function otherAct(Act act) external {
        Act other = Act((uint256(act) + 1) % 3);
        _refuseStrangers(act, _byQuorum(_digestOf(other)));
    }

    // What they have in common

    function _eachAct(function(Act) external attack) private {
        for (uint256 act = 0; act < 3; ++act) {
            uint256 before = vm.snapshotState();
            uint256 chainId = block.chainid;
            attack(Act(act));
            vm.chainId(chainId);
            vm.revertToState(before);
        }
    }

    function _refuseStrangers(Act act, Signature[] memory signatures) private {
        vm.expectPartialRevert(EnclaveVerifier.NotAttester.selector);
        _do(act, signatures);
    }

    function _do(Act act, Signature[] memory signatures) private {
        if (act == Act.Enrol) enclaves.enrol(_enrolmentOf(OTHER_KEY, MEASUREMENT), signatures);
        if (act == Act.RevokeKey) enclaves.revokeKey(key, signatures);
        if (act == Act.RevokeMeasurement) enclaves.revokeMeasurement(MEASUREMENT, signatures);
    }

    function _digestOf(Act act) private view returns (bytes32) {
        return _inDomain(_structHashOf(act));
    }

    function _structHashOf(Act act) private view returns (bytes32) {
        if (act == Act.RevokeKey) return keccak256(abi.encode(keccak256("KeyRevocation(address key)"), key));
        if (act == Act.RevokeMeasurement) {
            return keccak256(abi.encode(keccak256("MeasurementRevocation(bytes32 measurement)"), MEASUREMENT));
        }
        bytes32 typehash = keccak256(
            "Enrolment(address key,bytes32 measurement,uint8 platform,bytes32 attestation,uint40 expiry)"
        );
        return keccak256(abi.encode(typehash, _enrolmentOf(OTHER_KEY, MEASUREMENT)));
    }

    function _three(bytes32 digest, uint256 third) private view returns (Signature[] memory signatures) {
        signatures = new Signature[](3);
        (signatures[0], signatures[1]) = (_sign(attesterKeys[0], digest), _sign(attesterKeys[1], digest));
        signatures[2] = _sign(third, digest);
    }
}
