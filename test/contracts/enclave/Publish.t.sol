// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnclaveVerifier} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice A model is what its measurement and its manifest say, whoever publishes it.
contract EnclavePublishTest is EnclaveTest {
    function test_publish_records() external {
        bytes32 expected = keccak256(abi.encode(OTHER_MEASUREMENT, MANIFEST));
        vm.assertEq(enclaves.measurementOf(expected), 0, "before");
        vm.expectEmit(address(enclaves));
        emit EnclaveVerifier.Published(expected, MANIFEST, OTHER_MEASUREMENT, "ipfs://other");
        vm.assertEq(enclaves.publish(OTHER_MEASUREMENT, MANIFEST, "ipfs://other"), expected, "model");
        vm.assertEq(enclaves.measurementOf(expected), OTHER_MEASUREMENT, "measurement");
        vm.assertEq(enclaves.modelOf(OTHER_MEASUREMENT, MANIFEST), expected, "modelOf");
    }

    function test_publish_again_onlyEmits() external {
        vm.expectEmit(address(enclaves));
        emit EnclaveVerifier.Published(model, MANIFEST, MEASUREMENT, "ipfs://elsewhere");
        vm.prank(vm.addr(STRANGER));
        enclaves.publish(MEASUREMENT, MANIFEST, "ipfs://elsewhere");
        vm.assertEq(enclaves.measurementOf(model), MEASUREMENT, "measurement");
        vm.assertTrue(_verifies(KEY, _claim()), "answer");
    }

    function testFuzz_publish_fixesBoth(bytes32 measurement, bytes32 manifestHash) external {
        vm.assume(measurement != 0 && (measurement != MEASUREMENT || manifestHash != MANIFEST));
        bytes32 other = enclaves.publish(measurement, manifestHash, "");
        vm.assertNotEq(other, model, "model");
        vm.assertEq(enclaves.measurementOf(other), measurement, "measurement");
        vm.assertEq(enclaves.measurementOf(model), MEASUREMENT, "the first model's");
    }

    function test_publish_zero_reverts() external {
        vm.expectRevert(EnclaveVerifier.ZeroMeasurement.selector);
        enclaves.publish(0, MANIFEST, "");
    }
}
