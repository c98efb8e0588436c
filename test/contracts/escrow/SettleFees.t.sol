// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, Request, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice How a charge is divided, at several fees: to the unit, and rounded down from the provider's share.
contract SettleFeesTest is EscrowTest {
    function test_settle_takesNoFeeAtZero() external {
        _deploy(0);
        _settle(_fillOf(_request()));
        _assertDivided(CHARGE - PROVER_FEE, PROVER_FEE, 0);
        vm.assertEq(escrow.balanceOf(address(0)), 0, "nobody's balance");
    }

    function test_settle_takesAHundredthOfAPercent() external {
        _deploy(1);
        _settle(_fillOf(_request()));
        // 8,999,999 / 10,000 = 899.99
        _assertDivided(CHARGE - PROVER_FEE - 899, PROVER_FEE, 899);
    }

    function test_settle_takesAnOddFee() external {
        _settle(_fillOf(_request()));
        _assertDivided(INCOME, PROVER_FEE, FEE);
    }

    function test_settle_takesTheMaximumFee() external {
        _deploy(500);
        _settle(_fillOf(_request()));
        // 8,999,999 / 20 = 449,999.95
        _assertDivided(CHARGE - PROVER_FEE - 449_999, PROVER_FEE, 449_999);
    }

    function test_settle_roundsATinyFeeToNothing() external {
        _deploy(500);
        _settleWithoutProverFee(19);
        _assertDivided(19, 0, 0);
    }

    function test_settle_takesTheFirstUnitOfFee() external {
        _deploy(500);
        _settleWithoutProverFee(20);
        _assertDivided(19, 0, 1);
    }

    function test_settle_takesTheFeeFromALock() external {
        Request memory request = _lockRequest();
        _open(request);
        _settle(_fillOf(request));
        _assertDivided(INCOME, PROVER_FEE, FEE);
        vm.assertEq(escrow.balanceOf(agent), PRICE - CHARGE, "agent's balance");
    }

    /// The nonce, the tab and one balance: nobody's balance is touched for nothing.
    function test_settle_writesNoBalanceThatEarnsNothingFromATab() external {
        _deploy(0);
        Request memory request = _request();
        request.proverFee = 0;
        _assertWrites(request, 3);
    }

    /// The lock and one balance.
    function test_settle_writesNoBalanceThatEarnsNothingFromALock() external {
        _deploy(0);
        Request memory request = _lockRequest();
        request.proverFee = 0;
        _open(request);
        _assertWrites(request, 2);
    }

    function _assertWrites(Request memory request, uint256 count) private {
        Fill[] memory fills = _one(_fillOf(request, PRICE));
        bytes memory proof = _prove(fills);
        vm.record();
        escrow.settle(fills, proof);
        (, bytes32[] memory writes) = vm.accesses(address(escrow));
        vm.assertEq(writes.length, count, "storage writes");
    }

    function testFuzz_settle_dividesEachChargeToTheUnit(uint256 charge, uint256 proverFee, uint256 feeBps) external {
        feeBps = bound(feeBps, 0, 500);
        charge = bound(charge, 1, FUNDS);
        uint256 fee = (charge * feeBps) / 10_000;
        proverFee = bound(proverFee, 0, charge - fee);
        _deploy(feeBps);
        Request memory request = _request();
        (request.price, request.proverFee) = (FUNDS, uint96(proverFee));

        vm.assertEq(_settle(_fillOf(request, uint96(charge))), 1, "settled");
        _assertDivided(charge - proverFee - fee, proverFee, fee);
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS - charge, "funds");
    }

    function testFuzz_settle_skipsFeesAboveTheCharge(uint256 charge, uint256 proverFee, uint256 feeBps) external {
        feeBps = bound(feeBps, 0, 500);
        charge = bound(charge, 1, FUNDS);
        proverFee = bound(proverFee, charge - (charge * feeBps) / 10_000 + 1, type(uint96).max);
        _deploy(feeBps);
        Request memory request = _request();
        (request.price, request.proverFee) = (FUNDS, uint96(proverFee));
        Fill memory fill = _fillOf(request, uint96(charge));
        _assertSkipped(fill, Skip.Malformed);
    }

    function _settleWithoutProverFee(uint96 charge) private {
        Request memory request = _request();
        request.proverFee = 0;
        _settle(_fillOf(request, charge));
    }

    function _assertDivided(uint256 toProvider, uint256 toProver, uint256 toTreasury) private view {
        vm.assertEq(escrow.balanceOf(provider), toProvider, "provider's balance");
        vm.assertEq(escrow.balanceOf(prover), toProver, "prover's balance");
        vm.assertEq(escrow.balanceOf(treasury), toTreasury, "treasury's balance");
    }
}
