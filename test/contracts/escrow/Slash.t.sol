// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, LockState, Request, Signature, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract SlashTest is EscrowTest {
    function _slash(Fill memory fill) private {
        escrow.slash(fill.request, fill.signature, fill.output, fill.charge, fill.receipt);
    }

    function _assertNotOwed(Fill memory fill, Skip reason) private {
        vm.warp(DEADLINE + 1);
        bytes32 id = escrow.idOf(fill.request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotOwed.selector, id, reason));
        _slash(fill);
    }

    /// @dev `taken` moves from the stake to the payer, and nothing else changes.
    function _assertSlashed(Fill memory fill, uint96 taken) private {
        vm.warp(DEADLINE + 1);
        bytes32 id = escrow.idOf(fill.request);
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Penalised(id, agent, provider, taken);
        vm.prank(stranger);
        _slash(fill);

        books.tab.stake -= taken;
        books.agent += taken;
        _assertBooks(books);
        vm.assertEq(escrow.penaltyOf(id), taken, "penalty");
    }

    function test_slash_revertsUntilTheDeadlineHasPassed() external {
        Fill memory fill = _fillOf(_request());
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, DEADLINE, DEADLINE));
        _slash(fill);
    }

    function test_slash_revertsIfTheNonceIsUsed() external {
        Fill memory fill = _fillOf(_request());
        _settle(fill);
        _assertNotOwed(fill, Skip.Closed);
    }

    function test_slash_revertsIfTheTabCouldNotPay() external {
        _assertNotOwed(_fillOf(_request(), FUNDS + 1), Skip.Underfunded);
    }

    function test_slash_revertsIfTheLockNeverOpened() external {
        _assertNotOwed(_fillOf(_lockRequest()), Skip.Closed);
    }

    function test_slash_revertsIfTheLockIsSettled() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Settled);
        _assertNotOwed(_fillOf(request), Skip.Closed);
    }

    function test_slash_revertsIfTheChargeIsZero() external {
        Request memory request = _request();
        request.proverFee = 0;
        _assertNotOwed(_fillOf(request, 0), Skip.Malformed);
    }

    function test_slash_revertsIfTheChargeIsAboveThePrice() external {
        _assertNotOwed(_fillOf(_request(), PRICE + 1), Skip.Malformed);
    }

    function test_slash_revertsIfFeesAreAboveTheCharge() external {
        Request memory request = _request();
        request.proverFee = uint96(CHARGE - FEE) + 1;
        _assertNotOwed(_fillOf(request), Skip.Malformed);
    }

    function test_slash_takesThePenaltyIfFeesEqualTheCharge() external {
        Request memory request = _request();
        request.proverFee = uint96(CHARGE - FEE);
        _assertSlashed(_fillOf(request), PENALTY);
    }

    function test_slash_revertsIfThePayerDidNotSign() external {
        Fill memory fill = _fillOf(_request());
        fill.signature = Signature(0, 0);
        _assertNotOwed(fill, Skip.Unsigned);
    }

    function test_slash_revertsIfTheProviderDidNotSign() external {
        Fill memory fill = _fillOf(_request());
        fill.receipt = Signature(0, 0);
        _assertNotOwed(fill, Skip.Unsigned);
    }

    function test_slash_revertsIfALocksProviderDidNotSign() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Reclaimed);
        Fill memory fill = _fillOf(request);
        fill.receipt = Signature(0, 0);
        _assertNotOwed(fill, Skip.Unsigned);
    }

    function test_slash_revertsIfTheOutputIsNotTheReceipts() external {
        Fill memory fill = _fillOf(_request());
        fill.output = OTHER_OUTPUT;
        _assertNotOwed(fill, Skip.Unsigned);
    }

    function test_slash_revertsTheSecondTime() external {
        Fill memory fill = _fillOf(_request());
        vm.warp(DEADLINE + 1);
        _slash(fill);
        bytes32 id = escrow.idOf(fill.request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyPenalised.selector, id));
        _slash(fill);
    }

    function test_slash_revertsIfThePenaltyIsZero() external {
        Request memory request = _request();
        request.penalty = 0;
        Fill memory fill = _fillOf(request);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingToTake.selector, 0, STAKE));
        _slash(fill);
    }

    /// The id stays open, so that a stake which comes later can still be taken.
    function test_slash_revertsIfThereIsNoStakeYet() external {
        _deploy(0);
        Request memory request = _request();
        request.penalty = STAKE;
        vm.warp(DEADLINE + 1);
        _slash(_fillOf(request));

        Fill memory second = _fillOf(_requestOf(1));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingToTake.selector, PENALTY, 0));
        _slash(second);
        vm.assertEq(escrow.penaltyOf(escrow.idOf(second.request)), 0, "penalty");

        vm.prank(provider);
        escrow.stake(agent, 1);
        _slash(second);
        vm.assertEq(escrow.balanceOf(agent), STAKE + 1, "agent's balance");
    }

    function test_slash_takesThePenaltyForATab() external {
        _assertSlashed(_fillOf(_request()), PENALTY);
    }

    function test_slash_takesTheStakeIfThePenaltyIsLarger() external {
        Request memory request = _request();
        request.penalty = STAKE + 1;
        _assertSlashed(_fillOf(request), STAKE);
    }

    function test_slash_takesTheWholeStakeIfThePenaltyEqualsIt() external {
        Request memory request = _request();
        request.penalty = STAKE;
        _assertSlashed(_fillOf(request), STAKE);
    }

    function test_slash_takesThePenaltyIfTheTabCouldJustPay() external {
        Request memory request = _request();
        request.price = FUNDS;
        _assertSlashed(_fillOf(request, FUNDS), PENALTY);
    }

    function test_slash_takesThePenaltyForAnOpenLock() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        Fill memory fill = _fillOf(request);
        fill.signature = Signature(0, 0);
        _assertSlashed(fill, PENALTY);
        _assertLock(id, agent, LockState.Open);
    }

    function test_slash_takesThePenaltyForAReclaimedLock() external {
        Request memory request = _lockRequest();
        bytes32 id = _bring(request, LockState.Reclaimed);
        _assertSlashed(_fillOf(request), PENALTY);
        _assertLock(id, agent, LockState.Reclaimed);
    }

    function test_slash_paysTheRecordedPayerOfAVault() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        vm.prank(provider);
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertSlashed(_fillOf(request), PENALTY);
    }

    function test_slash_leavesOtherPayersStakes() external {
        vm.prank(provider);
        escrow.stake(stranger, STAKE);
        _assertSlashed(_fillOf(_request()), PENALTY);
        vm.assertEq(escrow.tabOf(stranger, provider).stake, STAKE, "stake with another payer");
    }
}
