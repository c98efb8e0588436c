// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnclaveVerifier} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {Test} from "../helpers/Vm.sol";

/// @notice Who attests is decided once.
contract EnclaveVerifierConstructorTest is Test {
    function test_constructor_namesTheAttesters() external {
        address[] memory attesters = _ascending(3);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit();
            emit EnclaveVerifier.AttesterNamed(attesters[i]);
        }
        EnclaveVerifier enclaves = new EnclaveVerifier(attesters, 2);
        vm.assertEq(enclaves.THRESHOLD(), 2, "threshold");
        vm.assertEq(enclaves.attesterCount(), 3, "count");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertTrue(enclaves.isAttester(attesters[i]), "attester");
        }
        vm.assertFalse(enclaves.isAttester(address(this)), "stranger");
        vm.assertFalse(enclaves.isAttester(address(0)), "zero");
    }

    function test_constructor_takesOneOfOneAndSixteenOfSixteen() external {
        new EnclaveVerifier(_ascending(1), 1);
        vm.assertEq(new EnclaveVerifier(_ascending(16), 16).attesterCount(), 16, "count");
    }

    function test_constructor_tooMany_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.TooManyAttesters.selector, 17, 16));
        new EnclaveVerifier(_ascending(17), 1);
    }

    function test_constructor_thresholdOfZero_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.ThresholdOutOfRange.selector, 0, 3));
        new EnclaveVerifier(_ascending(3), 0);
    }

    function test_constructor_thresholdAboveCount_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.ThresholdOutOfRange.selector, 4, 3));
        new EnclaveVerifier(_ascending(3), 4);
    }

    function test_constructor_nobody_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.ThresholdOutOfRange.selector, 1, 0));
        new EnclaveVerifier(_ascending(0), 1);
    }

    function test_constructor_zero_reverts() external {
        address[] memory attesters = _ascending(2);
        attesters[0] = address(0);
        vm.expectRevert(abi.encodeWithSelector(EnclaveVerifier.AttestersOutOfOrder.selector, address(0), address(0)));
        new EnclaveVerifier(attesters, 1);
    }

    function test_constructor_twice_reverts() external {
        address[] memory attesters = _ascending(3);
        attesters[2] = attesters[1];
        vm.expectRevert(
            abi.encodeWithSelector(EnclaveVerifier.AttestersOutOfOrder.selector, attesters[1], attesters[1])
        );
        new EnclaveVerifier(attesters, 2);
    }

    function test_constructor_descending_reverts() external {
        address[] memory attesters = _ascending(2);
        (attesters[0], attesters[1]) = (attesters[1], attesters[0]);
        vm.expectRevert(
            abi.encodeWithSelector(EnclaveVerifier.AttestersOutOfOrder.selector, attesters[1], attesters[0])
        );
        new EnclaveVerifier(attesters, 2);
    }

    function _ascending(uint256 count) private pure returns (address[] memory attesters) {
        attesters = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            attesters[i] = address(uint160(0xA77E57E2 + i));
        }
    }
}
