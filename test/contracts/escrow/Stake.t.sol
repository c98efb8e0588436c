// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {FeeToken} from "../../../contracts/mocks/FeeToken.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract StakeTest is EscrowTest {
    uint96 private constant MAX = type(uint96).max;

    function test_stake_revertsIfPayerIsZero() external {
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        escrow.stake(address(0), 0);
    }

    function test_stake_revertsIfAmountIsZero() external {
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        escrow.stake(agent, 0);
    }

    function test_stake_revertsIfTabWouldOverflow() external {
        usdc.mint(provider, MAX);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TabFull.selector, STAKE, MAX - STAKE + 1));
        vm.prank(provider);
        escrow.stake(agent, MAX - STAKE + 1);
    }

    function test_stake_fillsTheTabToTheBrim() external {
        usdc.mint(provider, MAX);
        vm.prank(provider);
        escrow.stake(agent, MAX - STAKE);
        vm.assertEq(escrow.tabOf(agent, provider).stake, MAX, "stake");
    }

    function test_stake_revertsIfTokenTakesAFee() external {
        FeeToken token = new FeeToken();
        Escrow other = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(address(this), 1_000);
        token.approve(address(other), 1_000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountNotReceived.selector, 990, 1_000));
        other.stake(agent, 1_000);
    }

    function test_stake_addsToTheSendersStake() external {
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Staked(agent, provider, 7);
        vm.prank(provider);
        escrow.stake(agent, 7);

        books.tab.stake += 7;
        books.held += 7;
        _assertBooks(books);
        vm.assertEq(usdc.balanceOf(provider), WEALTH - STAKE - 7, "provider's wallet");
    }

    function test_stake_isTheSendersAlone() external {
        vm.prank(stranger);
        escrow.stake(agent, 7);
        vm.assertEq(escrow.tabOf(agent, stranger).stake, 7, "stranger's stake");
        vm.assertEq(escrow.tabOf(agent, provider).stake, STAKE, "provider's stake");
    }

    function test_stake_leavesTheExitClock() external {
        vm.prank(provider);
        escrow.startExit(agent, provider);
        vm.warp(START + 1);
        vm.prank(provider);
        escrow.stake(agent, 7);
        vm.assertEq(escrow.tabOf(agent, provider).exitAt, START + 1 days, "exitAt");
    }
}
