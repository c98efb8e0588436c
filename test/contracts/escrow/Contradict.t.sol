// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow, LockState, Receipt, Request, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract ContradictTest is EscrowTest {
    /// @dev Two answers that the provider signed, different in the output.
    function _contradict(Request memory request) private {
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        vm.prank(stranger);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
    }

    function _assertPenalised(Request memory request) private {
        bytes32 id = escrow.idOf(request);
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Penalised(id, agent, provider, PENALTY);
        _contradict(request);
        books.tab.stake -= PENALTY;
        books.agent += PENALTY;
        _assertBooks(books);
        vm.assertEq(escrow.penaltyOf(id), PENALTY, "penalty");
    }

    function test_contradict_revertsIfTheAnswersAreTheSame() external {
        Request memory request = _lockRequest();
        Signature memory receipt = _receipt(request, OUTPUT, CHARGE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SameAnswer.selector, OUTPUT, CHARGE));
        escrow.contradict(request, OUTPUT, CHARGE, receipt, OUTPUT, CHARGE, receipt);
    }

    function test_contradict_revertsIfTheLockNeverOpened() external {
        Request memory request = _lockRequest();
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongLockState.selector, id, LockState.None));
        escrow.contradict(request, OUTPUT, CHARGE, Signature(0, 0), OTHER_OUTPUT, CHARGE, Signature(0, 0));
    }

    function test_contradict_revertsIfTheFirstAnswerIsNotSigned() external {
        Request memory request = _request();
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        bytes32 digest = escrow.digestOf(Receipt(escrow.idOf(request), OUTPUT, CHARGE));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSigned.selector, digest, provider));
        escrow.contradict(request, OUTPUT, CHARGE, second, OTHER_OUTPUT, CHARGE, second);
    }

    function test_contradict_revertsIfTheSecondAnswerIsNotSigned() external {
        Request memory request = _request();
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        bytes32 digest = escrow.digestOf(Receipt(escrow.idOf(request), OTHER_OUTPUT, CHARGE));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSigned.selector, digest, provider));
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, first);
    }

    function test_contradict_revertsIfTheSecondAnswerIsToAnotherRequest() external {
        Request memory request = _request();
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory other = _receipt(_requestOf(1), OTHER_OUTPUT, CHARGE);
        bytes32 digest = escrow.digestOf(Receipt(escrow.idOf(request), OTHER_OUTPUT, CHARGE));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSigned.selector, digest, provider));
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, other);
    }

    function test_contradict_revertsForAZeroProvider() external {
        Request memory request = _request();
        request.provider = address(0);
        bytes32 digest = escrow.digestOf(Receipt(escrow.idOf(request), OUTPUT, CHARGE));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSigned.selector, digest, address(0)));
        escrow.contradict(request, OUTPUT, CHARGE, Signature(0, 0), OTHER_OUTPUT, CHARGE, Signature(0, 0));
    }

    function test_contradict_revertsTheSecondTime() external {
        Request memory request = _request();
        _contradict(request);
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory third = _receipt(request, "third output", CHARGE);
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyPenalised.selector, id));
        escrow.contradict(request, OUTPUT, CHARGE, first, "third output", CHARGE, third);
    }

    function test_contradict_revertsIfThePenaltyIsZero() external {
        Request memory request = _request();
        request.penalty = 0;
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingToTake.selector, 0, STAKE));
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
    }

    function test_contradict_takesThePenaltyForTwoOutputs() external {
        _assertPenalised(_request());
    }

    function test_contradict_takesThePenaltyForTwoCharges() external {
        Request memory request = _request();
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OUTPUT, CHARGE + 1);
        escrow.contradict(request, OUTPUT, CHARGE, first, OUTPUT, CHARGE + 1, second);
        vm.assertEq(escrow.balanceOf(agent), PENALTY, "agent's balance");
    }

    function test_contradict_takesThePenaltyBeforeAndAfterTheDeadline() external {
        vm.warp(DEADLINE);
        _contradict(_requestOf(0));
        vm.warp(DEADLINE + 1);
        _contradict(_requestOf(1));
        vm.assertEq(escrow.balanceOf(agent), 2 * PENALTY, "agent's balance");
    }

    function test_contradict_takesThePenaltyForASettledRequest() external {
        Request memory request = _request();
        _settle(_fillOf(request));
        _assertPenalised(request);
    }

    function test_contradict_takesThePenaltyInEveryStateOfALock() external {
        for (uint8 state = uint8(LockState.Open); state <= uint8(LockState.Reclaimed); ++state) {
            Request memory request = _lockRequest();
            (request.nonce, request.penalty) = (state, 1);
            bytes32 id = _bring(request, LockState(state));
            _contradict(request);
            vm.assertEq(escrow.tabOf(agent, provider).stake, STAKE - state, "stake");
            _assertLock(id, agent, LockState(state));
        }
    }

    function test_contradict_paysTheRecordedPayerOfAVault() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        vm.prank(provider);
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertPenalised(request);
    }
}
