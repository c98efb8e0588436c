// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {IInferenceConsumer} from "../../../contracts/interfaces/IInferenceConsumer.sol";
import {AskingContract} from "../../../contracts/mocks/AskingContract.sol";
import {Babbler} from "../../../contracts/mocks/Babbler.sol";
import {GasBurner} from "../../../contracts/mocks/GasBurner.sol";
import {RecordingConsumer} from "../../../contracts/mocks/RecordingConsumer.sol";
import {ReentrantConsumer} from "../../../contracts/mocks/ReentrantConsumer.sol";
import {RevertingConsumer} from "../../../contracts/mocks/RevertingConsumer.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";
import {Log} from "../helpers/Vm.sol";

/// @notice How settled outputs reach consumers: last of all, with enough gas or not at all, and at no risk to others.
contract SettleConsumersTest is EscrowTest {
    /// @dev More than a consumer spends before it looks at its gas.
    uint256 private constant DISPATCH_GAS = 200;

    function _requestFor(address consumer, uint256 nonce) private view returns (Request memory request) {
        request = _requestOf(nonce);
        request.consumer = consumer;
    }

    function _fillFor(address consumer) private view returns (Fill[] memory) {
        return _one(_fillOf(_requestFor(consumer, 0)));
    }

    function test_settle_tellsTheConsumer() external {
        RecordingConsumer consumer = new RecordingConsumer();
        Fill[] memory fills = _fillFor(address(consumer));
        bytes32 id = escrow.idOf(fills[0].request);
        bytes memory call = abi.encodeCall(IInferenceConsumer.onSettled, (id, OUTPUT));
        vm.expectCall(address(consumer), call, 1);
        _settle(fills);

        vm.assertEq(consumer.countOf(), 1, "calls");
        RecordingConsumer.Call memory told = consumer.callAt(0);
        vm.assertEq(told.sender, address(escrow), "sender");
        vm.assertEq(told.request, id, "request");
        vm.assertEq(told.output, OUTPUT, "output");
    }

    function test_settle_tellsConsumersInOrderAndSkipsTheSkipped() external {
        RecordingConsumer consumer = new RecordingConsumer();
        Fill memory first = _fillOf(_requestFor(address(consumer), 0));
        Fill memory third = _fillOf(_requestFor(address(consumer), 1));
        Fill[] memory fills = new Fill[](3);
        (fills[0], fills[1], fills[2]) = (first, first, third);
        _settle(fills);

        vm.assertEq(consumer.countOf(), 2, "calls");
        vm.assertEq(consumer.callAt(0).request, escrow.idOf(first.request), "first");
        vm.assertEq(consumer.callAt(1).request, escrow.idOf(third.request), "second");
    }

    function test_settle_tellsNoConsumerIfTheProofDoesNotHold() external {
        RecordingConsumer consumer = new RecordingConsumer();
        Fill[] memory fills = _fillFor(address(consumer));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, address(verifier)));
        escrow.settle(fills, "");
    }

    /// The first consumer looks at the second fill, which is paid by then.
    function test_settle_paysAllBeforeItTellsAny() external {
        ReentrantConsumer consumer = new ReentrantConsumer();
        consumer.arm(abi.encodeCall(IEscrow.isNonceUsed, (agent, provider, 1)));
        _settle(_two(_fillOf(_requestFor(address(consumer), 0)), _fillOf(_requestOf(1))));
        vm.assertTrue(consumer.succeeded(), "looked");
        vm.assertEq(uint256(consumer.answer()), 1, "the second nonce was used");
    }

    function test_settle_tellsALocksConsumerAfterTheLockIsSettled() external {
        ReentrantConsumer consumer = new ReentrantConsumer();
        Request memory request = _lockRequest();
        request.consumer = address(consumer);
        bytes32 id = _open(request);
        consumer.arm(abi.encodeCall(IEscrow.balanceOf, (provider)));
        _settle(_fillOf(request));
        vm.assertEq(uint256(consumer.answer()), INCOME, "provider's balance");
        _assertLock(id, agent, LockState.Settled);
    }

    function test_settle_survivesAConsumerThatReverts() external {
        _survives(address(new RevertingConsumer()));
    }

    function test_settle_survivesAConsumerThatBurnsAllGas() external {
        _survives(address(new GasBurner()));
    }

    function test_settle_survivesAConsumerThatRevertsWithAFlood() external {
        _survives(address(new Babbler(200_000, true)));
    }

    function _survives(address consumer) private {
        Fill[] memory fills = _fillFor(consumer);
        bytes memory proof = _prove(fills);
        Books memory books = _books();
        _expectSettled(fills[0], agent);
        vm.expectEmit(address(escrow));
        emit IEscrow.ConsumerFailed(escrow.idOf(fills[0].request), consumer);
        vm.assertEq(escrow.settle(fills, proof), 1, "settled");
        books.tab.funds -= CHARGE;
        _addIncome(books);
        _assertBooks(books);
    }

    function test_settle_reportsNoFailureOfAConsumerThatAnswers() external {
        Fill[] memory fills = _fillFor(address(new RecordingConsumer()));
        _assertOnlySettled(fills);
    }

    function test_settle_callsNobodyWithoutConsumer() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        vm.expectCall(address(0), "", 0);
        _settle(fills);
    }

    function test_settle_takesAnAccountWithoutCodeForAConsumer() external {
        _assertOnlySettled(_fillFor(stranger));
    }

    function _assertOnlySettled(Fill[] memory fills) private {
        bytes memory proof = _prove(fills);
        vm.recordLogs();
        escrow.settle(fills, proof);
        Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "events");
        vm.assertEq(logs[0].topics[0], IEscrow.Settled.selector, "event");
    }

    function test_settle_tellsTheSecondConsumerThoughTheFirstBurnsAllGas() external {
        RecordingConsumer consumer = new RecordingConsumer();
        _settle(_two(_fillOf(_requestFor(address(new GasBurner()), 0)), _fillOf(_requestFor(address(consumer), 1))));
        vm.assertGe(consumer.callAt(0).gas, escrow.CALLBACK_GAS() - DISPATCH_GAS, "gas");
    }

    /// Copying what either answers would cost more than all the gas that a consumer may use.
    function test_settle_copiesNoAnswer() external {
        vm.assertLe(_gasFor(address(new Babbler(200_000, false))), _gasFor(stranger) + escrow.CALLBACK_GAS(), "return");
        vm.assertLe(_gasFor(address(new Babbler(200_000, true))), _gasFor(stranger) + escrow.CALLBACK_GAS(), "revert");
    }

    function _gasFor(address consumer) private returns (uint256 used) {
        Fill[] memory fills = _fillFor(consumer);
        bytes memory proof = _prove(fills);
        uint256 before = vm.snapshotState();
        used = gasleft();
        escrow.settle(fills, proof);
        used -= gasleft();
        vm.revertToState(before);
    }

    function test_settle_callsWithTheGasItPromisesAndNoMore() external {
        RecordingConsumer consumer = new RecordingConsumer();
        _settle(_fillFor(address(consumer)));
        vm.assertLe(consumer.callAt(0).gas, escrow.CALLBACK_GAS(), "gas");
        vm.assertGe(consumer.callAt(0).gas, escrow.CALLBACK_GAS() - DISPATCH_GAS, "gas");
    }

    // A contract that asks

    function _asking() private returns (AskingContract asking, Request memory request) {
        asking = new AskingContract(escrow, escrow.TOKEN());
        usdc.mint(address(asking), PRICE);
        request = _lockRequest();
        request.payer = address(asking);
        request.consumer = address(asking);
    }

    function test_settle_answersAContractThatAsked() external {
        (AskingContract asking, Request memory request) = _asking();
        bytes32 id = asking.ask(request);
        _settle(_fillOf(request));
        vm.assertEq(asking.outputOf(id), OUTPUT, "output");
        vm.assertEq(escrow.balanceOf(address(asking)), PRICE - CHARGE, "the rest");
    }

    /// Same consumer, payer, verifier and model: only an id that the contract opened itself proves anything.
    function test_settle_cannotMakeAContractTakeAnAnswerItDidNotAskFor() external {
        (AskingContract asking, Request memory request) = _asking();
        request.payer = stranger;
        bytes32 id = _open(request);
        Fill[] memory fills = _one(_fillOf(request));
        bytes memory proof = _prove(fills);
        vm.expectEmit(address(escrow));
        emit IEscrow.ConsumerFailed(id, address(asking));
        escrow.settle(fills, proof);
        vm.assertEq(asking.outputOf(id), 0, "output");
    }
}
