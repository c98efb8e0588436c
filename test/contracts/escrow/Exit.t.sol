// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract ExitTest is EscrowTest {
    uint256 private constant EXIT_AT = START + 1 days;
    uint256 private constant STAKE_EXIT_AT = START + 2 days;

    function _startExit() private {
        vm.prank(agent);
        escrow.startExit(agent, provider);
    }

    function _exit(address party) private {
        vm.prank(party);
        escrow.exit(agent, provider);
    }

    // startExit

    function test_startExit_revertsForAThirdParty() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, stranger, agent, provider));
        vm.prank(stranger);
        escrow.startExit(agent, provider);
    }

    function test_startExit_revertsIfStarted() external {
        _startExit();
        vm.warp(START + 3 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AlreadyExiting.selector, EXIT_AT));
        vm.prank(provider);
        escrow.startExit(agent, provider);
    }

    function test_startExit_startsTheClockForThePayer() external {
        _assertStarts(agent);
    }

    function test_startExit_startsTheClockForTheProvider() external {
        _assertStarts(provider);
    }

    function _assertStarts(address party) private {
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.ExitStarted(agent, provider, EXIT_AT);
        vm.prank(party);
        escrow.startExit(agent, provider);
        books.tab.exitAt = uint40(EXIT_AT);
        _assertBooks(books);
    }

    // exit

    function test_exit_revertsForAThirdParty() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, stranger, agent, provider));
        _exit(stranger);
    }

    function test_exit_revertsIfNotStarted() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotExiting.selector, agent, provider));
        _exit(agent);
    }

    function test_exit_revertsForThePayerUntilTheDelayHasPassed() external {
        _startExit();
        vm.warp(EXIT_AT);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, EXIT_AT, EXIT_AT));
        _exit(agent);
    }

    function test_exit_givesThePayerItsFunds() external {
        _startExit();
        Books memory books = _books();
        vm.warp(EXIT_AT + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Exited(agent, provider, agent, FUNDS);
        _exit(agent);

        books.tab.funds = 0;
        books.agent = FUNDS;
        _assertBooks(books);
    }

    function test_exit_revertsForTheProviderUntilTwoDelaysHavePassed() external {
        _startExit();
        vm.warp(EXIT_AT + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, EXIT_AT + 1, STAKE_EXIT_AT));
        _exit(provider);
        vm.warp(STAKE_EXIT_AT);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, STAKE_EXIT_AT, STAKE_EXIT_AT));
        _exit(provider);
    }

    function test_exit_givesTheProviderItsStakeAndClearsTheClock() external {
        _startExit();
        Books memory books = _books();
        vm.warp(STAKE_EXIT_AT + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Exited(agent, provider, provider, STAKE);
        _exit(provider);

        books.tab.stake = 0;
        books.tab.exitAt = 0;
        books.provider = STAKE;
        _assertBooks(books);
    }

    function test_exit_leavesTheStakeAndTheClockToTheProvider() external {
        _startExit();
        vm.warp(STAKE_EXIT_AT + 1);
        _exit(agent);
        vm.assertEq(escrow.tabOf(agent, provider).stake, STAKE, "stake");
        vm.assertEq(escrow.tabOf(agent, provider).exitAt, EXIT_AT, "exitAt");
        _exit(provider);
        vm.assertEq(escrow.balanceOf(provider), STAKE, "provider's balance");
    }

    function test_exit_leavesTheFundsToThePayerWhoMustStartAgain() external {
        _startExit();
        vm.warp(STAKE_EXIT_AT + 1);
        _exit(provider);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotExiting.selector, agent, provider));
        _exit(agent);

        _startExit();
        vm.warp(STAKE_EXIT_AT + 1 + 1 days + 1);
        _exit(agent);
        vm.assertEq(escrow.balanceOf(agent), FUNDS, "agent's balance");
    }

    function test_exit_addsToAnEarlierBalance() external {
        _startExit();
        vm.warp(EXIT_AT + 1);
        _exit(agent);
        vm.prank(stranger);
        escrow.fund(agent, provider, 7);
        _exit(agent);
        vm.assertEq(escrow.balanceOf(agent), FUNDS + 7, "agent's balance");
    }

    function test_exit_takesNothingTwice() external {
        _startExit();
        vm.warp(EXIT_AT + 1);
        _exit(agent);
        vm.expectEmit(address(escrow));
        emit IEscrow.Exited(agent, provider, agent, 0);
        _exit(agent);
        vm.assertEq(escrow.balanceOf(agent), FUNDS, "agent's balance");
    }

    function test_exit_givesOneWhoIsBothPartiesTheFundsFirst() external {
        _startExitAlone();
        vm.warp(STAKE_EXIT_AT);
        vm.expectEmit(address(escrow));
        emit IEscrow.Exited(agent, agent, agent, 7);
        vm.prank(agent);
        escrow.exit(agent, agent);
        vm.assertEq(escrow.tabOf(agent, agent).stake, 9, "stake");
        vm.assertEq(escrow.tabOf(agent, agent).exitAt, EXIT_AT, "exitAt");
    }

    function test_exit_givesOneWhoIsBothPartiesEverythingInTheEnd() external {
        _startExitAlone();
        vm.warp(STAKE_EXIT_AT + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Exited(agent, agent, agent, 16);
        vm.prank(agent);
        escrow.exit(agent, agent);
        vm.assertEq(escrow.balanceOf(agent), 16, "balance");
        vm.assertEq(escrow.tabOf(agent, agent).exitAt, 0, "exitAt");
    }

    /// @dev The agent's tab with itself: 7 of funds and 9 of stake.
    function _startExitAlone() private {
        vm.startPrank(agent);
        escrow.fund(agent, agent, 7);
        escrow.stake(agent, 9);
        escrow.startExit(agent, agent);
        vm.stopPrank();
    }
}
