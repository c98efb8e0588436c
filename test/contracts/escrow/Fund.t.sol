// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {FalseToken} from "../../../contracts/mocks/FalseToken.sol";
import {FeeToken} from "../../../contracts/mocks/FeeToken.sol";
import {TestUSDC} from "../../../contracts/mocks/TestUSDC.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract FundTest is EscrowTest {
    uint96 private constant MAX = type(uint96).max;

    function test_fund_revertsIfPayerIsZero() external {
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        escrow.fund(address(0), provider, 0);
    }

    function test_fund_revertsIfProviderIsZero() external {
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        escrow.fund(agent, address(0), 0);
    }

    function test_fund_revertsIfAmountIsZero() external {
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        escrow.fund(agent, provider, 0);
    }

    function test_fund_revertsIfTabWouldOverflow() external {
        usdc.mint(agent, MAX);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TabFull.selector, FUNDS, MAX - FUNDS + 1));
        vm.prank(agent);
        escrow.fund(agent, provider, MAX - FUNDS + 1);
    }

    function test_fund_fillsTheTabToTheBrim() external {
        usdc.mint(agent, MAX);
        vm.prank(agent);
        escrow.fund(agent, provider, MAX - FUNDS);
        vm.assertEq(escrow.tabOf(agent, provider).funds, MAX, "funds");
    }

    function test_fund_revertsIfTokenRefuses() external {
        usdc.setPaused(true);
        vm.expectRevert(TestUSDC.TokenPaused.selector);
        vm.prank(agent);
        escrow.fund(agent, provider, 1);
    }

    function test_fund_revertsIfTokenReturnsFalse() external {
        FalseToken token = new FalseToken();
        Escrow other = new Escrow(IERC20(address(token)), 0, address(0));
        token.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        other.fund(agent, provider, 1);
    }

    function test_fund_revertsIfTokenTakesAFee() external {
        FeeToken token = new FeeToken();
        Escrow other = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(address(this), 1_000);
        token.approve(address(other), 1_000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountNotReceived.selector, 990, 1_000));
        other.fund(agent, provider, 1_000);
    }

    function test_fund_addsToTheTab() external {
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(agent, provider, agent, 7);
        vm.prank(agent);
        escrow.fund(agent, provider, 7);

        books.tab.funds += 7;
        books.held += 7;
        books.agentWallet -= 7;
        _assertBooks(books);
    }

    function test_fund_takesTheSendersMoneyForAnotherPayer() external {
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(agent, provider, stranger, 7);
        vm.prank(stranger);
        escrow.fund(agent, provider, 7);

        books.tab.funds += 7;
        books.held += 7;
        _assertBooks(books);
        vm.assertEq(usdc.balanceOf(stranger), WEALTH - 7, "stranger's wallet");
    }

    function test_fund_keepsTabsApart() external {
        Books memory books = _books();
        vm.prank(stranger);
        escrow.fund(agent, stranger, 7);
        vm.prank(stranger);
        escrow.fund(stranger, provider, 9);

        vm.assertEq(escrow.tabOf(agent, stranger).funds, 7, "same payer");
        vm.assertEq(escrow.tabOf(stranger, provider).funds, 9, "same provider");
        vm.assertEq(escrow.tabOf(provider, agent).funds, 0, "reversed");
        books.held += 16;
        _assertBooks(books);
    }

    function test_fund_leavesTheExitClock() external {
        vm.prank(agent);
        escrow.startExit(agent, provider);
        vm.warp(START + 1);
        vm.prank(agent);
        escrow.fund(agent, provider, 7);
        vm.assertEq(escrow.tabOf(agent, provider).exitAt, START + 1 days, "exitAt");
    }

    function testFuzz_fund_addsExactly(uint256 amount) external {
        amount = bound(amount, 1, WEALTH - FUNDS);
        vm.prank(agent);
        escrow.fund(agent, provider, uint96(amount));
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS + amount, "funds");
        vm.assertEq(usdc.balanceOf(address(escrow)), FUNDS + STAKE + amount, "held");
    }
}
