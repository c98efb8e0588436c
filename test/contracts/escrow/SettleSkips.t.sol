// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, LockState, Request, Signature, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Each reason to skip a fill, in the order of the checks, and that nothing in one fill stops another.
contract SettleSkipsTest is EscrowTest {
    /// @dev With a fee of 1.37%, the most that can go to the prover of `CHARGE`.
    uint96 private constant MAX_PROVER_FEE = uint96(CHARGE - FEE);

    function test_settle_skipsAZeroProverFirst() external {
        Request memory request = _request();
        request.deadline = uint40(START - 1);
        Fill memory fill = _fillOf(request);
        fill.prover = address(0);
        _assertSkipped(fill, Skip.Malformed);
    }

    function test_settle_skipsAfterTheDeadline() external {
        Fill memory fill = _fillOf(_request());
        _settle(fill);
        vm.warp(DEADLINE + 1);
        _assertSkipped(fill, Skip.Expired);
    }

    function test_settle_skipsAUsedNonce() external {
        Fill memory fill = _fillOf(_request());
        _settle(fill);
        fill.charge = FUNDS;
        _assertSkipped(fill, Skip.Closed);
    }

    function test_settle_skipsANonceThatAnotherRequestUsed() external {
        _settle(_fillOf(_request()));
        Request memory twin = _request();
        twin.input = "other input";
        _assertSkipped(_fillOf(twin), Skip.Closed);
    }

    function test_settle_skipsWhatTheTabCannotPay() external {
        _assertSkipped(_fillOf(_request(), FUNDS + 1), Skip.Underfunded);
    }

    function test_settle_skipsATabThatWasNeverFunded() external {
        Request memory request = _request();
        request.provider = stranger;
        _assertSkipped(_fillOf(request), Skip.Underfunded);
    }

    function test_settle_skipsALockThatIsNotOpen() external {
        _assertSkipped(_fillOf(_lockRequest()), Skip.Closed);
    }

    function test_settle_skipsASettledLock() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Settled);
        _assertSkipped(_fillOf(request), Skip.Closed);
    }

    function test_settle_skipsAReclaimedLock() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Reclaimed);
        _assertSkipped(_fillOf(request), Skip.Closed);
    }

    function test_settle_skipsAZeroCharge() external {
        Request memory request = _request();
        request.proverFee = 0;
        Fill memory fill = _fillOf(request, 0);
        fill.receipt = Signature(0, 0);
        _assertSkipped(fill, Skip.Malformed);
    }

    function test_settle_skipsAChargeAboveThePrice() external {
        _assertSkipped(_fillOf(_request(), PRICE + 1), Skip.Malformed);
    }

    function test_settle_skipsALocksChargeAboveItsPrice() external {
        Request memory request = _lockRequest();
        _open(request);
        _assertSkipped(_fillOf(request, PRICE + 1), Skip.Malformed);
    }

    function test_settle_paysFeesThatEqualTheCharge() external {
        Request memory request = _request();
        request.proverFee = MAX_PROVER_FEE;
        _settle(_fillOf(request));
        vm.assertEq(escrow.balanceOf(prover), MAX_PROVER_FEE, "prover's balance");
        vm.assertEq(escrow.balanceOf(treasury), FEE, "treasury's balance");
        vm.assertEq(escrow.balanceOf(provider), 0, "provider's balance");
    }

    function test_settle_skipsFeesAboveTheCharge() external {
        Request memory request = _request();
        request.proverFee = MAX_PROVER_FEE + 1;
        _assertSkipped(_fillOf(request), Skip.Malformed);
    }

    function test_settle_skipsFeesThatWouldOverflow() external {
        Request memory request = _request();
        request.proverFee = type(uint96).max;
        _assertSkipped(_fillOf(request), Skip.Malformed);
    }

    function test_settle_skipsWhatThePayerDidNotSign() external {
        Fill memory fill = _fillOf(_request());
        fill.signature = _sign(STRANGER_KEY, escrow.idOf(fill.request));
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_settle_skipsWhatTheProviderDidNotSign() external {
        Fill memory fill = _fillOf(_request());
        fill.receipt = _sign(fill.request);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_settle_skipsALocksFillWithoutReceipt() external {
        Request memory request = _lockRequest();
        _open(request);
        Fill memory fill = _fillOf(request);
        fill.receipt = Signature(0, 0);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_settle_skipsAnOutputOtherThanTheReceipts() external {
        Fill memory fill = _fillOf(_request());
        fill.output = OTHER_OUTPUT;
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_settle_skipsAChargeOtherThanTheReceipts() external {
        Fill memory fill = _fillOf(_request());
        fill.charge -= 1;
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_settle_skipsAReceiptForAnotherRequest() external {
        Fill memory fill = _fillOf(_request());
        fill.receipt = _fillOf(_requestOf(1)).receipt;
        _assertSkipped(fill, Skip.Unsigned);
    }

    /// A bad signature recovers to zero, so a zero signer would make every bad signature good.
    function test_settle_skipsAZeroPayer() external {
        vm.store(address(escrow), _slotOfTab(address(0), provider), bytes32(uint256(FUNDS)));
        Request memory request = _request();
        request.payer = address(0);
        Fill memory fill = _fillOf(request);
        fill.signature = Signature(0, 0);
        vm.assertEq(escrow.tabOf(address(0), provider).funds, FUNDS, "funds");
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_settle_skipsAZeroProvider() external {
        Request memory request = _lockRequest();
        request.provider = address(0);
        _open(request);
        Fill memory fill = _fillOf(request);
        fill.receipt = Signature(0, 0);
        _assertSkipped(fill, Skip.Unsigned);
    }

    /// @dev No call can fund a zero payer's tab, so a test has to write it where a view reads it.
    function _slotOfTab(address payer, address payee) private returns (bytes32) {
        vm.record();
        escrow.tabOf(payer, payee);
        (bytes32[] memory reads, ) = vm.accesses(address(escrow));
        return reads[0];
    }

    /// Whatever one fill says, the good one beside it is paid, and the bad one changes nothing.
    function testFuzz_settle_noFillStopsAnother(
        Request memory request,
        Signature memory signature,
        Signature memory receipt,
        uint96 charge,
        address other,
        uint8 shape
    ) external {
        request.verifier = address(verifier);
        request.consumer = address(0);
        // The more of it is well formed, the deeper it gets.
        if (shape & 1 != 0) request.payer = agent;
        if (shape & 2 != 0) request.provider = provider;
        if (shape & 4 != 0) request.deadline = DEADLINE;
        if (shape & 8 != 0) request.locked = false;
        if (shape & 16 != 0) charge = uint96(bound(charge, 1, FUNDS / 2));
        if (shape & 32 != 0) request.price = charge;
        Fill memory bad = Fill(request, signature, OUTPUT, charge, receipt, other);
        if (shape & 64 != 0) bad.receipt = _receipt(request, OUTPUT, charge);
        // Either signature is missing, so this fill can never be paid.
        if (shape & 128 != 0 && shape & 64 == 0) bad.signature = _sign(request);

        Fill memory good = _fillOf(_requestOf(uint256(keccak256("good"))));
        Books memory books = _books();
        vm.assertEq(_settle(_two(bad, good)), 1, "settled");
        books.tab.funds -= CHARGE;
        _addIncome(books);
        _assertBooks(books);
        vm.assertFalse(escrow.isNonceUsed(request.payer, request.provider, request.nonce), "nonce");
    }

    function testFuzz_settle_skipChangesNothing(
        Request memory request,
        Signature memory signature,
        Signature memory receipt,
        uint96 charge,
        address other
    ) external {
        vm.record();
        vm.assertEq(escrow.settle(_one(Fill(request, signature, OUTPUT, charge, receipt, other)), ""), 0, "settled");
        (, bytes32[] memory writes) = vm.accesses(address(escrow));
        vm.assertEq(writes.length, 0, "storage writes");
    }
}
