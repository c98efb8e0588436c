// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {FalseToken} from "../../../contracts/mocks/FalseToken.sol";
import {TestUSDC} from "../../../contracts/mocks/TestUSDC.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract WithdrawTest is EscrowTest {
    function setUp() public override {
        super.setUp();
        _settle(_fillOf(_request()));
    }

    function test_withdraw_revertsToZero() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, address(0)));
        escrow.withdraw(address(0), 0);
    }

    function test_withdraw_revertsToTheEscrow() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, address(escrow)));
        escrow.withdraw(address(escrow), 0);
    }

    function test_withdraw_revertsIfAmountIsZero() external {
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        escrow.withdraw(stranger, 0);
    }

    function test_withdraw_revertsAboveTheBalance() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, INCOME, INCOME + 1));
        vm.prank(provider);
        escrow.withdraw(provider, INCOME + 1);
    }

    function test_withdraw_revertsWithoutBalance() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InsufficientBalance.selector, 0, 1));
        vm.prank(stranger);
        escrow.withdraw(stranger, 1);
    }

    function test_withdraw_revertsIfTokenRefuses() external {
        usdc.setBlacklisted(stranger, true);
        vm.expectRevert(abi.encodeWithSelector(TestUSDC.Blacklisted.selector, stranger));
        vm.prank(provider);
        escrow.withdraw(stranger, 1);
        vm.assertEq(escrow.balanceOf(provider), INCOME, "balance");
    }

    function test_withdraw_revertsIfTokenReturnsFalse() external {
        FalseToken token = new FalseToken();
        Escrow other = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(address(this), 7);
        token.approve(address(other), 7);
        other.fund(address(this), provider, 7);
        other.startExit(address(this), provider);
        vm.warp(START + 2 days);
        other.exit(address(this), provider);
        token.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        other.withdraw(address(this), 7);
    }

    function test_withdraw_paysAnyRecipient() external {
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Withdrawn(provider, stranger, 7);
        vm.prank(provider);
        escrow.withdraw(stranger, 7);

        books.provider -= 7;
        books.held -= 7;
        _assertBooks(books);
        vm.assertEq(usdc.balanceOf(stranger), WEALTH + 7, "stranger's wallet");
    }

    function test_withdraw_paysTheWholeBalance() external {
        vm.prank(provider);
        escrow.withdraw(provider, INCOME);
        vm.assertEq(escrow.balanceOf(provider), 0, "balance");
        vm.assertEq(usdc.balanceOf(provider), WEALTH - STAKE + INCOME, "provider's wallet");
    }
}
