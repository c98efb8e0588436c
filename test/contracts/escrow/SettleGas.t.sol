// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {RecordingConsumer} from "../../../contracts/mocks/RecordingConsumer.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Whatever gas a submitter leaves, a consumer gets what it was promised, or nothing happens at all.
contract SettleGasTest is EscrowTest {
    /// @dev More than a consumer spends before it looks at its gas.
    uint256 private constant DISPATCH_GAS = 200;
    bytes4 private constant PANIC = 0x4e487b71;

    RecordingConsumer private consumer;
    /// @dev A key that runs the consumer's code by EIP-7702: a call has to warm two accounts.
    RecordingConsumer private delegated = RecordingConsumer(address(0xDE1E6A7ED));

    /// @dev Deployed here, the consumers are cold when a test begins.
    function setUp() public override {
        super.setUp();
        consumer = new RecordingConsumer();
        vm.etch(address(delegated), abi.encodePacked(hex"ef0100", address(consumer)));
    }

    function test_settle_givesAConsumerEnoughGasOrReverts() external {
        _sweep(consumer);
    }

    function test_settle_givesADelegatedKeyEnoughGasOrReverts() external {
        _sweep(delegated);
    }

    function _sweep(RecordingConsumer told) private {
        Request memory request = _request();
        request.consumer = address(told);
        Fill[] memory fills = _one(_fillOf(request));
        bytes memory call = abi.encodeCall(IEscrow.settle, (fills, _prove(fills)));

        // The least gas that succeeds, by bisection.
        uint256 low = 100_000;
        uint256 high = 1_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            (bool enough, ) = _try(call, middle, told);
            (low, high) = enough ? (low, middle) : (middle, high);
        }
        (, bytes memory reason) = _try(call, low, told);
        vm.assertEq(bytes32(bytes4(reason)), bytes32(IEscrow.InsufficientGas.selector), "just too little");
        vm.assertEq(_secondOf(reason), escrow.CALLBACK_GAS(), "required");
        for (uint256 i = 0; i < 300; ++i) {
            _try(call, low - 150 + i, told);
            _try(call, 100_000 + 1_500 * i, told);
        }
    }

    function _try(
        bytes memory call,
        uint256 gasLimit,
        RecordingConsumer told
    ) private returns (bool success, bytes memory reason) {
        uint256 before = vm.snapshotState();
        (success, reason) = address(escrow).call{gas: gasLimit}(call);
        if (success) {
            vm.assertEq(told.countOf(), 1, "calls");
            vm.assertGe(told.callAt(0).gas, escrow.CALLBACK_GAS() - DISPATCH_GAS, "gas");
        }
        vm.assertNotEq(bytes32(bytes4(reason)), bytes32(PANIC), "reason");
        vm.revertToState(before);
    }

    /// @dev The second value of a custom error.
    function _secondOf(bytes memory reason) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(reason, 0x44))
        }
    }
}
