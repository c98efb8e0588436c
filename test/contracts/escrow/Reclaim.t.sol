// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {FalseToken} from "../../../contracts/mocks/FalseToken.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract ReclaimTest is EscrowTest {
    bytes4 private constant PANIC = 0x4e487b71;

    function _assertClosed(LockState state) private {
        Request memory request = _lockRequest();
        bytes32 id = _bring(request, state);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongLockState.selector, id, state));
        escrow.reclaim(request);
    }

    function test_reclaim_revertsIfNeverOpened() external {
        _assertClosed(LockState.None);
    }

    function test_reclaim_revertsIfSettled() external {
        _assertClosed(LockState.Settled);
    }

    function test_reclaim_revertsIfReclaimed() external {
        _assertClosed(LockState.Reclaimed);
    }

    function test_reclaim_revertsForThePayerUntilTheDeadlineHasPassed() external {
        Request memory request = _lockRequest();
        _open(request);
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, DEADLINE, DEADLINE));
        vm.prank(agent);
        escrow.reclaim(request);
    }

    function test_reclaim_paysThePayerWhoeverAsksAfterTheDeadline() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        Books memory books = _books();
        vm.warp(DEADLINE + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Reclaimed(id, agent, PRICE, true);
        vm.prank(stranger);
        escrow.reclaim(request);

        books.held -= PRICE;
        books.agentWallet += PRICE;
        _assertBooks(books);
        _assertLock(id, agent, LockState.Reclaimed);
    }

    function test_reclaim_isOpenToTheProviderAtOnce() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        vm.prank(provider);
        escrow.reclaim(request);
        vm.assertEq(usdc.balanceOf(agent), WEALTH - FUNDS, "agent's wallet");
        _assertLock(id, agent, LockState.Reclaimed);
    }

    function test_reclaim_paysTheRecordedPayerOfAVault() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        bytes32 id = escrow.idOf(request);
        usdc.mint(escrow.vaultOf(id), PRICE);
        vm.prank(provider);
        escrow.openFromVault(request, _arrivedFrom(stranger));
        vm.warp(DEADLINE + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Reclaimed(id, stranger, PRICE, true);
        escrow.reclaim(request);
        vm.assertEq(usdc.balanceOf(stranger), WEALTH + PRICE, "stranger's wallet");
    }

    function test_reclaim_creditsAPayerThatTheTokenRefuses() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        usdc.setBlacklisted(agent, true);
        _assertCredited(request, id);

        usdc.setBlacklisted(agent, false);
        vm.prank(agent);
        escrow.withdraw(agent, PRICE);
        vm.assertEq(usdc.balanceOf(agent), WEALTH - FUNDS, "agent's wallet");
    }

    function test_reclaim_creditsThePayerWhileTheTokenIsPaused() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        usdc.setPaused(true);
        _assertCredited(request, id);
    }

    function _assertCredited(Request memory request, bytes32 id) private {
        Books memory books = _books();
        vm.warp(DEADLINE + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Reclaimed(id, agent, PRICE, false);
        escrow.reclaim(request);
        books.agent += PRICE;
        _assertBooks(books);
        _assertLock(id, agent, LockState.Reclaimed);
    }

    function test_reclaim_creditsThePayerIfTheTokenReturnsFalse() external {
        FalseToken token = new FalseToken();
        escrow = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(agent, PRICE);
        vm.prank(agent);
        token.approve(address(escrow), PRICE);
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        token.setRefusing(true);
        vm.expectEmit(address(escrow));
        emit IEscrow.Reclaimed(id, agent, PRICE, false);
        vm.prank(provider);
        escrow.reclaim(request);
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
        vm.assertEq(token.balanceOf(address(escrow)), PRICE, "held");
    }

    /// Whatever gas a stranger leaves, the payer is pushed its money, or nothing happens at all.
    function test_reclaim_pushesOrReverts() external {
        Request memory request = _lockRequest();
        _open(request);
        vm.warp(DEADLINE + 1);
        uint256 low = 20_000;
        uint256 high = 1_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            (bool enough, ) = _try(request, middle);
            (low, high) = enough ? (low, middle) : (middle, high);
        }
        (, bytes memory reason) = _try(request, low);
        vm.assertEq(bytes32(bytes4(reason)), bytes32(IEscrow.InsufficientGas.selector), "just too little");
        vm.assertGt(high, escrow.PUSH_GAS(), "the least gas");
        for (uint256 i = 0; i < 200; ++i) {
            _try(request, 20_000 + 2_000 * i);
        }
    }

    function _try(Request memory request, uint256 gasLimit) private returns (bool success, bytes memory reason) {
        uint256 before = vm.snapshotState();
        (success, reason) = address(escrow).call{gas: gasLimit}(abi.encodeCall(IEscrow.reclaim, (request)));
        if (success) vm.assertEq(escrow.balanceOf(agent), 0, "agent's balance");
        vm.assertNotEq(bytes32(bytes4(reason)), bytes32(PANIC), "reason");
        vm.revertToState(before);
    }
}
