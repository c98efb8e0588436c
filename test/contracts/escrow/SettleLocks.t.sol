// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, LockState, Request, Signature, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice What settling pays from locks: never from a tab, and what a charge leaves goes back.
contract SettleLocksTest is EscrowTest {
    function test_settle_paysFromTheLockAndReturnsTheRest() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        Fill memory fill = _fillOf(request);
        bytes memory proof = _prove(_one(fill));
        Books memory books = _books();
        _expectSettled(fill, agent);
        vm.assertEq(escrow.settle(_one(fill), proof), 1, "settled");

        books.agent += PRICE - CHARGE;
        _addIncome(books);
        _assertBooks(books);
        _assertLock(id, agent, LockState.Settled);
    }

    function test_settle_returnsNothingIfTheChargeIsThePrice() external {
        Request memory request = _lockRequest();
        _open(request);
        _settle(_fillOf(request, PRICE));
        vm.assertEq(escrow.balanceOf(agent), 0, "agent's balance");
    }

    function test_settle_needsNoSignatureOfALocksPayer() external {
        Request memory request = _lockRequest();
        _open(request);
        Fill memory fill = _fillOf(request);
        fill.signature = Signature(0, 0);
        vm.assertEq(_settle(fill), 1, "settled");
    }

    function test_settle_leavesATabsNonceToTheTab() external {
        Request memory request = _lockRequest();
        _open(request);
        _settle(_fillOf(request));
        vm.assertFalse(escrow.isNonceUsed(agent, provider, request.nonce), "nonce");
        vm.assertEq(_settle(_fillOf(_request())), 1, "the tab's request with the same nonce");
    }

    function test_settle_paysALockWhoseNonceATabUsed() external {
        _settle(_fillOf(_request()));
        Request memory request = _lockRequest();
        _open(request);
        vm.assertEq(_settle(_fillOf(request)), 1, "settled");
    }

    function test_settle_paysALockWithoutAnyTab() external {
        Request memory request = _lockRequest();
        request.payer = stranger;
        bytes32 id = _open(request);
        vm.assertEq(_settle(_fillOf(request)), 1, "settled");
        vm.assertEq(escrow.balanceOf(stranger), PRICE - CHARGE, "stranger's balance");
        vm.assertEq(escrow.tabOf(stranger, provider).funds, 0, "funds");
        _assertLock(id, stranger, LockState.Settled);
    }

    function test_settle_paysALockInTheLastSecond() external {
        Request memory request = _lockRequest();
        _open(request);
        vm.warp(DEADLINE);
        vm.assertEq(_settle(_fillOf(request)), 1, "settled");
    }

    function test_settle_skipsALockAfterItsDeadline() external {
        Request memory request = _lockRequest();
        _open(request);
        vm.warp(DEADLINE + 1);
        _assertSkipped(_fillOf(request), Skip.Expired);
    }

    function test_settle_returnsTheRestToTheRecordedPayer() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        vm.prank(provider);
        escrow.openFromVault(request, _arrivedFrom(stranger));

        Fill memory fill = _fillOf(request);
        bytes memory proof = _prove(_one(fill));
        _expectSettled(fill, stranger);
        escrow.settle(_one(fill), proof);
        vm.assertEq(escrow.balanceOf(stranger), PRICE - CHARGE, "recorded payer's balance");
        vm.assertEq(escrow.balanceOf(address(0)), 0, "named payer's balance");
    }

    function test_settle_paysALockAndATabInOneCall() external {
        Request memory request = _lockRequest();
        _open(request);
        Books memory books = _books();
        vm.assertEq(_settle(_two(_fillOf(request), _fillOf(_request()))), 2, "settled");
        books.tab.funds -= CHARGE;
        books.agent += PRICE - CHARGE;
        _addIncome(books);
        _addIncome(books);
        _assertBooks(books);
    }
}
