// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {FeeToken} from "../../../contracts/mocks/FeeToken.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract OpenTest is EscrowTest {
    function test_open_revertsIfRequestIsNotLocked() external {
        Request memory request = _request();
        bytes memory reason = abi.encodeWithSelector(IEscrow.NotLocked.selector, escrow.idOf(request));
        vm.expectRevert(reason);
        escrow.open(request);
    }

    function test_open_revertsIfSenderIsNotPayer() external {
        Request memory request = _lockRequest();
        request.price = 0;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotPayer.selector, provider, agent));
        vm.prank(provider);
        escrow.open(request);
    }

    function test_open_revertsIfRequestNamesNoPayer() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotPayer.selector, agent, address(0)));
        vm.prank(agent);
        escrow.open(request);
    }

    function test_open_revertsIfPriceIsZero() external {
        Request memory request = _lockRequest();
        request.price = 0;
        request.deadline = 0;
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        vm.prank(agent);
        escrow.open(request);
    }

    function test_open_revertsAfterTheDeadline() external {
        Request memory request = _lockRequest();
        vm.warp(DEADLINE + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEscrow.DeadlineOutOfRange.selector,
                DEADLINE,
                uint256(DEADLINE) + 1,
                uint256(DEADLINE) + 1 + 1 days
            )
        );
        vm.prank(agent);
        escrow.open(request);
    }

    function test_open_opensInTheLastSecond() external {
        Request memory request = _lockRequest();
        vm.warp(DEADLINE);
        _assertLock(_open(request), agent, LockState.Open);
    }

    function test_open_revertsIfDeadlineOutlivesAnExit() external {
        Request memory request = _lockRequest();
        request.deadline = uint40(START + 1 days + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.DeadlineOutOfRange.selector, START + 1 days + 1, START, START + 1 days)
        );
        vm.prank(agent);
        escrow.open(request);
    }

    function test_open_opensForAWholeExit() external {
        Request memory request = _lockRequest();
        request.deadline = uint40(START + 1 days);
        _assertLock(_open(request), agent, LockState.Open);
    }

    function test_open_revertsIfOpen() external {
        _revertsIn(LockState.Open);
    }

    function test_open_revertsIfSettled() external {
        _revertsIn(LockState.Settled);
    }

    function test_open_revertsIfReclaimed() external {
        _revertsIn(LockState.Reclaimed);
    }

    function _revertsIn(LockState state) private {
        Request memory request = _lockRequest();
        bytes32 id = _bring(request, state);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongLockState.selector, id, state));
        vm.prank(agent);
        escrow.open(request);
    }

    function test_open_revertsIfTokenTakesAFee() external {
        FeeToken token = new FeeToken();
        Escrow other = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(agent, PRICE);
        vm.startPrank(agent);
        token.approve(address(other), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountNotReceived.selector, PRICE - PRICE / 100, PRICE));
        other.open(_lockRequest());
    }

    function test_open_locksThePriceFromTheWalletAndNotTheTab() external {
        Request memory request = _lockRequest();
        bytes32 id = escrow.idOf(request);
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, agent, provider, PRICE, false);
        vm.prank(agent);
        escrow.open(request);

        books.held += PRICE;
        books.agentWallet -= PRICE;
        _assertBooks(books);
        _assertLock(id, agent, LockState.Open);
        vm.assertFalse(escrow.isNonceUsed(agent, provider, request.nonce), "nonce");
    }
}
