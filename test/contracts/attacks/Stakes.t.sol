// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, LockState, Receipt, Request, Signature, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Providers who would keep a stake they have lost, and payers who would take one they have not won.
contract StakeAttacksTest is EscrowTest {
    function _slash(Fill memory fill) private {
        escrow.slash(fill.request, fill.signature, fill.output, fill.charge, fill.receipt);
    }

    /// The provider, with a payer of his own, penalises himself before his victims can: only that payer's stake moves.
    function test_attack_selfSlashTakesNoStakeFromTheVictims() external {
        vm.prank(provider);
        escrow.stake(stranger, 5);
        Request memory request = _request();
        request.payer = stranger;
        request.penalty = type(uint96).max;
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        vm.prank(provider);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);

        vm.assertEq(escrow.balanceOf(stranger), 5, "accomplice's balance");
        vm.assertEq(escrow.tabOf(agent, provider).stake, STAKE, "the agent's stake");
    }

    /// The provider challenges himself in the victim's own tab: the victim is paid.
    function test_attack_selfChallengePaysTheVictim() external {
        Request memory request = _request();
        request.penalty = type(uint96).max;
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        vm.prank(provider);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
        vm.assertEq(escrow.balanceOf(agent), STAKE, "agent's balance");
        vm.assertEq(escrow.balanceOf(provider), 0, "provider's balance");
    }

    function test_attack_challengerIsNotPaid() external {
        Fill memory fill = _fillOf(_request());
        vm.warp(DEADLINE + 1);
        vm.prank(stranger);
        _slash(fill);
        vm.assertEq(escrow.balanceOf(stranger), 0, "stranger's balance");
        vm.assertEq(escrow.balanceOf(agent), PENALTY, "agent's balance");
    }

    function test_attack_equivocationCostsTheStakeThoughOneAnswerSettled() external {
        Request memory request = _request();
        _settle(_fillOf(request));
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
        vm.assertEq(escrow.balanceOf(agent), PENALTY, "agent's balance");
    }

    /// Two signatures of one answer, or a forged second one, are no contradiction.
    function test_attack_payerCannotForgeAContradiction() external {
        Request memory request = _request();
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        bytes32 digest = escrow.digestOf(Receipt(escrow.idOf(request), OTHER_OUTPUT, CHARGE));
        Signature memory forged = _sign(AGENT_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSigned.selector, digest, provider));
        vm.prank(agent);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, forged);
    }

    function test_attack_reclaimingFirstSparesNoProvider() external {
        Request memory request = _lockRequest();
        _open(request);
        vm.warp(DEADLINE + 1);
        vm.prank(provider);
        escrow.reclaim(request);
        _slash(_fillOf(request));
        vm.assertEq(escrow.balanceOf(agent), PENALTY, "agent's balance");
    }

    function test_attack_leavingFirstSparesNoProvider() external {
        vm.prank(provider);
        escrow.startExit(agent, provider);
        Request memory request = _lockRequest();
        request.deadline = uint40(START + 1 days);
        _open(request);
        vm.warp(START + 2 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START + 2 days, START + 2 days));
        vm.prank(provider);
        escrow.exit(agent, provider);
        _slash(_fillOf(request));
        vm.assertEq(escrow.balanceOf(agent), PENALTY, "agent's balance");
    }

    /// An honest provider has settled by then; a fresh request cannot be turned against him.
    function test_attack_payerCannotSlashWhatWasSettled() external {
        Fill memory fill = _fillOf(_request());
        _settle(fill);
        vm.warp(DEADLINE + 1);
        bytes32 id = escrow.idOf(fill.request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotOwed.selector, id, Skip.Closed));
        vm.prank(agent);
        _slash(fill);
    }

    function test_attack_payerCannotSlashWhatItCouldNotHavePaid() external {
        Fill memory fill = _fillOf(_request(), FUNDS + 1);
        vm.warp(DEADLINE + 1);
        bytes32 id = escrow.idOf(fill.request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotOwed.selector, id, Skip.Underfunded));
        vm.prank(agent);
        _slash(fill);
    }

    function test_attack_payerCannotOpenAfterTheDeadlineToSlash() external {
        Request memory request = _lockRequest();
        Fill memory fill = _fillOf(request);
        vm.warp(DEADLINE + 1);
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        escrow.openFromVault(request, _arrivedFrom(agent));
        bytes32 id = escrow.idOf(request);
        _assertLock(id, address(0), LockState.None);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotOwed.selector, id, Skip.Closed));
        _slash(fill);
    }

    function test_attack_onePenaltyAnId() external {
        Request memory request = _lockRequest();
        _open(request);
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
        Fill memory fill = _fillOf(request);
        vm.warp(DEADLINE + 1);
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyPenalised.selector, id));
        _slash(fill);
    }

    /// A provider knows the id before the agent signs: it could spend the penalty on a stake of one unit.
    function test_attack_penaltySpentOnOneUnitStaysOwed() external {
        _deploy(0);
        Request memory request = _request();
        request.provider = stranger;
        bytes32 id = escrow.idOf(request);
        Signature memory first = _sign(STRANGER_KEY, escrow.digestOf(Receipt(id, OUTPUT, CHARGE)));
        Signature memory second = _sign(STRANGER_KEY, escrow.digestOf(Receipt(id, OTHER_OUTPUT, CHARGE)));
        vm.prank(stranger);
        escrow.stake(agent, 1);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
        vm.assertEq(escrow.penaltyOf(id), 1, "first penalty");

        vm.prank(stranger);
        escrow.stake(agent, STAKE);
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
        vm.assertEq(escrow.penaltyOf(id), PENALTY, "penalty in all");
        vm.assertEq(escrow.balanceOf(agent), PENALTY, "agent's balance");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyPenalised.selector, id));
        escrow.contradict(request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second);
    }

    function test_attack_tabWithOneselfTrapsNothing() external {
        vm.startPrank(agent);
        escrow.fund(agent, agent, 7);
        escrow.stake(agent, 9);
        escrow.startExit(agent, agent);
        vm.warp(START + 2 days + 1);
        escrow.exit(agent, agent);
        escrow.withdraw(agent, 16);
        vm.stopPrank();
        vm.assertEq(usdc.balanceOf(agent), WEALTH - FUNDS, "agent's wallet");
    }
}
