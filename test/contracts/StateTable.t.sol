// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, LockState, Request, Skip} from "../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "./helpers/EscrowTest.sol";

/// @notice The life of a request, cell by cell: `test_<state>_<what is tried>_<what comes of it>`.
/// @dev Columns: settle until the deadline; reclaim, by the provider before it and by anyone after it; slash after it;
/// contradict; and money that comes into the request's vault.
contract StateTableTest is EscrowTest {
    uint256 private constant ARRIVED = 7;

    // Rows

    function _tabSigned() private view returns (Request memory) {
        return _request();
    }

    function _tabClosed() private returns (Request memory request) {
        request = _request();
        _settle(_fillOf(request));
    }

    function _lock(LockState state) private returns (Request memory request) {
        request = _lockRequest();
        _bring(request, state);
    }

    // Columns

    function _settles(Request memory request) private {
        vm.warp(DEADLINE);
        vm.assertEq(_settle(_fillOf(request)), 1, "settled");
        vm.assertEq(escrow.balanceOf(provider), INCOME, "provider's balance");
    }

    function _skips(Request memory request) private {
        vm.warp(DEADLINE);
        _assertSkipped(_fillOf(request), Skip.Closed);
    }

    function _reclaims(Request memory request, address sender, uint256 time) private {
        vm.warp(time);
        uint256 wallet = usdc.balanceOf(agent);
        vm.prank(sender);
        escrow.reclaim(request);
        vm.assertEq(usdc.balanceOf(agent), wallet + PRICE, "agent's wallet");
    }

    function _cannotReclaim(Request memory request, LockState state) private {
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongLockState.selector, id, state));
        vm.prank(provider);
        escrow.reclaim(request);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongLockState.selector, id, state));
        escrow.reclaim(request);
    }

    function _slash(Fill memory fill) private {
        escrow.slash(fill.request, fill.signature, fill.output, fill.charge, fill.receipt);
    }

    function _slashes(Request memory request) private {
        vm.warp(DEADLINE + 1);
        uint256 balance = escrow.balanceOf(agent);
        _slash(_fillOf(request));
        _assertPenalised(request, balance);
    }

    function _cannotSlash(Request memory request, Skip reason) private {
        vm.warp(DEADLINE + 1);
        Fill memory fill = _fillOf(request);
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotOwed.selector, id, reason));
        _slash(fill);
    }

    function _contradict(Request memory request) private {
        escrow.contradict(
            request,
            OUTPUT,
            CHARGE,
            _receipt(request, OUTPUT, CHARGE),
            OTHER_OUTPUT,
            CHARGE,
            _receipt(request, OTHER_OUTPUT, CHARGE)
        );
    }

    function _contradicts(Request memory request) private {
        uint256 balance = escrow.balanceOf(agent);
        _contradict(request);
        _assertPenalised(request, balance);
    }

    function _assertPenalised(Request memory request, uint256 balance) private view {
        vm.assertEq(escrow.penaltyOf(escrow.idOf(request)), PENALTY, "penalty");
        vm.assertEq(escrow.balanceOf(agent), balance + PENALTY, "agent's balance");
        vm.assertEq(escrow.tabOf(agent, provider).stake, STAKE - PENALTY, "stake");
    }

    function _collect(Request memory request, uint256 amount) private {
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), amount);
        escrow.openFromVault(request, _arrivedFrom(stranger));
    }

    function _refunds(Request memory request, uint256 amount) private {
        bytes32 id = escrow.idOf(request);
        bytes32 lock = keccak256(abi.encode(escrow.lockOf(id)));
        uint256 balance = escrow.balanceOf(agent);
        _collect(request, amount);
        vm.assertEq(escrow.balanceOf(agent), balance + amount, "agent's balance");
        vm.assertEq(keccak256(abi.encode(escrow.lockOf(id))), lock, "lock");
    }

    // Tab, signed

    function test_tabSigned_settle_pays() external {
        _settles(_tabSigned());
        vm.assertTrue(escrow.isNonceUsed(agent, provider, 0), "nonce");
    }

    function test_tabSigned_reclaim_isImpossible() external {
        _cannotReclaim(_tabSigned(), LockState.None);
    }

    function test_tabSigned_slash_penalisesIfFunded() external {
        _slashes(_tabSigned());
    }

    function test_tabSigned_slash_isImpossibleIfUnderfunded() external {
        vm.prank(agent);
        escrow.startExit(agent, provider);
        vm.warp(START + 1 days + 1);
        vm.prank(agent);
        escrow.exit(agent, provider);
        Fill memory fill = _fillOf(_tabSigned());
        bytes32 id = escrow.idOf(fill.request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotOwed.selector, id, Skip.Underfunded));
        _slash(fill);
    }

    function test_tabSigned_contradict_penalises() external {
        _contradicts(_tabSigned());
    }

    function test_tabSigned_vault_refunds() external {
        _refunds(_tabSigned(), PRICE);
    }

    // Tab, nonce closed

    function test_tabClosed_settle_skips() external {
        _skips(_tabClosed());
    }

    function test_tabClosed_reclaim_isImpossible() external {
        _cannotReclaim(_tabClosed(), LockState.None);
    }

    function test_tabClosed_slash_isImpossible() external {
        _cannotSlash(_tabClosed(), Skip.Closed);
    }

    function test_tabClosed_contradict_penalises() external {
        _contradicts(_tabClosed());
    }

    function test_tabClosed_vault_refunds() external {
        _refunds(_tabClosed(), PRICE);
    }

    // Lock none

    function test_lockNone_settle_skips() external {
        _skips(_lock(LockState.None));
    }

    function test_lockNone_reclaim_isImpossible() external {
        _cannotReclaim(_lock(LockState.None), LockState.None);
    }

    function test_lockNone_slash_isImpossible() external {
        _cannotSlash(_lock(LockState.None), Skip.Closed);
    }

    function test_lockNone_contradict_isImpossible() external {
        Request memory request = _lock(LockState.None);
        Fill memory fill = _fillOf(request);
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongLockState.selector, id, LockState.None));
        escrow.contradict(request, OUTPUT, CHARGE, fill.receipt, OTHER_OUTPUT, CHARGE, fill.receipt);
    }

    function test_lockNone_vault_opens() external {
        Request memory request = _lock(LockState.None);
        vm.warp(DEADLINE);
        _collect(request, PRICE);
        _assertLock(escrow.idOf(request), agent, LockState.Open);
        vm.assertEq(escrow.balanceOf(agent), 0, "agent's balance");
    }

    function test_lockNone_vault_refundsAfterTheDeadline() external {
        Request memory request = _lock(LockState.None);
        vm.warp(DEADLINE + 1);
        _refunds(request, PRICE);
    }

    // Lock open

    function test_lockOpen_settle_pays() external {
        Request memory request = _lock(LockState.Open);
        _settles(request);
        _assertLock(escrow.idOf(request), agent, LockState.Settled);
    }

    function test_lockOpen_reclaim_isTheProvidersBeforeTheDeadline() external {
        Request memory request = _lock(LockState.Open);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, DEADLINE));
        escrow.reclaim(request);
        _reclaims(request, provider, START);
    }

    function test_lockOpen_reclaim_isAnyonesAfterTheDeadline() external {
        _reclaims(_lock(LockState.Open), stranger, DEADLINE + 1);
    }

    function test_lockOpen_slash_penalises() external {
        _slashes(_lock(LockState.Open));
    }

    function test_lockOpen_contradict_penalises() external {
        _contradicts(_lock(LockState.Open));
    }

    function test_lockOpen_vault_refunds() external {
        _refunds(_lock(LockState.Open), PRICE);
    }

    // Lock settled

    function test_lockSettled_settle_skips() external {
        _skips(_lock(LockState.Settled));
    }

    function test_lockSettled_reclaim_isImpossible() external {
        _cannotReclaim(_lock(LockState.Settled), LockState.Settled);
    }

    function test_lockSettled_slash_isImpossible() external {
        _cannotSlash(_lock(LockState.Settled), Skip.Closed);
    }

    function test_lockSettled_contradict_penalises() external {
        _contradicts(_lock(LockState.Settled));
    }

    function test_lockSettled_vault_refunds() external {
        _refunds(_lock(LockState.Settled), PRICE);
    }

    // Lock reclaimed

    function test_lockReclaimed_settle_skips() external {
        _skips(_lock(LockState.Reclaimed));
    }

    function test_lockReclaimed_reclaim_isImpossible() external {
        _cannotReclaim(_lock(LockState.Reclaimed), LockState.Reclaimed);
    }

    function test_lockReclaimed_slash_penalises() external {
        _slashes(_lock(LockState.Reclaimed));
    }

    function test_lockReclaimed_contradict_penalises() external {
        _contradicts(_lock(LockState.Reclaimed));
    }

    function test_lockReclaimed_vault_refunds() external {
        _refunds(_lock(LockState.Reclaimed), PRICE);
    }

    // Id penalised: one penalty an id, and nothing else changes

    function _penalised(Request memory request) private returns (Request memory) {
        _contradict(request);
        return request;
    }

    function test_penalised_settle_pays() external {
        _settles(_penalised(_tabSigned()));
    }

    function test_penalised_settle_paysFromALock() external {
        _settles(_penalised(_lock(LockState.Open)));
    }

    function test_penalised_reclaim_pays() external {
        _reclaims(_penalised(_lock(LockState.Open)), stranger, DEADLINE + 1);
    }

    function test_penalised_slash_isImpossible() external {
        _assertNoSecondSlash(_penalised(_tabSigned()));
    }

    function test_penalised_slash_isImpossibleForALock() external {
        _assertNoSecondSlash(_penalised(_lock(LockState.Open)));
    }

    function _assertNoSecondSlash(Request memory request) private {
        vm.warp(DEADLINE + 1);
        Fill memory fill = _fillOf(request);
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyPenalised.selector, id));
        _slash(fill);
    }

    function test_penalised_contradict_isImpossible() external {
        Request memory request = _tabSigned();
        _slashes(request);
        Fill memory fill = _fillOf(request);
        Fill memory other = _fillOf(request, CHARGE - 1);
        bytes32 id = escrow.idOf(request);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyPenalised.selector, id));
        escrow.contradict(request, OUTPUT, CHARGE, fill.receipt, OUTPUT, CHARGE - 1, other.receipt);
    }

    function test_penalised_vault_refunds() external {
        _refunds(_penalised(_lock(LockState.Open)), ARRIVED);
    }
}
