// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, Request, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {HashVerifier} from "../../../contracts/mocks/HashVerifier.sol";
import {IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";
import {Log} from "../helpers/Vm.sol";

/// @notice What settling pays from tabs, and how the fills of one call relate.
contract SettleTest is EscrowTest {
    function test_settle_revertsIfVerifiersDiffer() external {
        Request memory unlike = _requestOf(1);
        unlike.verifier = address(new HashVerifier());
        Fill[] memory fills = _two(_fillOf(_request()), _fillOf(unlike));
        bytes memory proof = _prove(fills);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.UnlikeVerifier.selector, 1, unlike.verifier, address(verifier)));
        escrow.settle(fills, proof);
    }

    function test_settle_revertsIfASkippedFillsVerifierDiffers() external {
        Request memory unlike = _requestOf(1);
        unlike.verifier = address(new HashVerifier());
        unlike.deadline = 0;
        Fill[] memory fills = _two(_fillOf(unlike), _fillOf(_request()));
        bytes memory proof = _prove(fills);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.UnlikeVerifier.selector, 1, address(verifier), unlike.verifier));
        escrow.settle(fills, proof);
    }

    function test_settle_revertsIfProofDoesNotHold() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, address(verifier)));
        escrow.settle(fills, "");
    }

    function test_settle_doesNothingWithoutFills() external {
        vm.recordLogs();
        vm.assertEq(escrow.settle(new Fill[](0), ""), 0, "settled");
        vm.assertEq(vm.getRecordedLogs().length, 0, "events");
    }

    function test_settle_paysProviderProverAndFee() external {
        Fill memory fill = _fillOf(_request());
        Books memory books = _books();
        bytes memory proof = _prove(_one(fill));
        _expectSettled(fill, agent);
        vm.assertEq(escrow.settle(_one(fill), proof), 1, "settled");

        books.tab.funds -= CHARGE;
        _addIncome(books);
        _assertBooks(books);
        vm.assertTrue(escrow.isNonceUsed(agent, provider, 0), "nonce");
        vm.assertEq(INCOME + PROVER_FEE + FEE, CHARGE, "the parts of a charge");
    }

    function test_settle_paysAProverThatIsTheProvider() external {
        Fill memory fill = _fillOf(_request());
        fill.prover = provider;
        _settle(fill);
        vm.assertEq(escrow.balanceOf(provider), INCOME + PROVER_FEE, "provider's balance");
    }

    function test_settle_paysTwoFillsOfOneTab() external {
        Books memory books = _books();
        vm.assertEq(_settle(_two(_fillOf(_requestOf(0)), _fillOf(_requestOf(1)))), 2, "settled");
        books.tab.funds -= 2 * CHARGE;
        _addIncome(books);
        _addIncome(books);
        _assertBooks(books);
    }

    function test_settle_takesNoncesInAnyOrder() external {
        _settle(_fillOf(_requestOf(type(uint256).max)));
        _settle(_fillOf(_requestOf(0)));
        vm.assertEq(_settle(_fillOf(_requestOf(1 << 200))), 1, "settled");
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS - 3 * CHARGE, "funds");
    }

    function test_settle_keepsNoncesOfOtherTabsApart() external {
        _settle(_fillOf(_request()));
        vm.assertFalse(escrow.isNonceUsed(agent, stranger, 0), "another provider's");
        vm.assertFalse(escrow.isNonceUsed(stranger, provider, 0), "another payer's");
        vm.assertFalse(escrow.isNonceUsed(provider, agent, 0), "the reverse");
        vm.assertFalse(escrow.isNonceUsed(agent, provider, 1), "the next");
    }

    function test_settle_paysInTheLastSecond() external {
        vm.warp(DEADLINE);
        vm.assertEq(_settle(_fillOf(_request())), 1, "settled");
    }

    function test_settle_paysTheWholePrice() external {
        vm.assertEq(_settle(_fillOf(_request(), PRICE)), 1, "settled");
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS - PRICE, "funds");
    }

    function test_settle_emptiesATab() external {
        Request memory request = _request();
        request.price = FUNDS;
        vm.assertEq(_settle(_fillOf(request, FUNDS)), 1, "settled");
        vm.assertEq(escrow.tabOf(agent, provider).funds, 0, "funds");
    }

    function test_settle_paysADuplicateOnce() external {
        Fill memory fill = _fillOf(_request());
        Fill[] memory fills = _two(fill, fill);
        bytes memory proof = _prove(fills);
        Books memory books = _books();
        _expectSettled(fill, agent);
        _expectSkipped(fill, Skip.Closed);
        vm.assertEq(escrow.settle(fills, proof), 1, "settled");

        books.tab.funds -= CHARGE;
        _addIncome(books);
        _assertBooks(books);
    }

    function test_settle_paysInOrderUntilTheTabIsEmpty() external {
        Request memory first = _requestOf(0);
        Request memory second = _requestOf(1);
        (first.price, second.price) = (FUNDS, FUNDS);
        second.proverFee = 0;
        Fill memory large = _fillOf(first, FUNDS - 1);
        Fill memory small = _fillOf(second, 2);
        Fill[] memory fills = _two(large, small);
        bytes memory proof = _prove(fills);
        _expectSettled(large, agent);
        _expectSkipped(small, Skip.Underfunded);
        vm.assertEq(escrow.settle(fills, proof), 1, "settled");
        vm.assertEq(escrow.tabOf(agent, provider).funds, 1, "funds");
        vm.assertFalse(escrow.isNonceUsed(agent, provider, 1), "nonce");
    }

    /// The proof was made for all claims before anyone could close one, so a skipped one stays in its place.
    function test_settle_verifiesEveryClaimInOrder() external {
        Fill memory closed = _fillOf(_requestOf(0));
        _settle(closed);
        Fill[] memory fills = _two(closed, _fillOf(_requestOf(1)));
        bytes memory proof = _prove(fills);
        vm.expectCall(address(verifier), abi.encodeCall(IVerifier.verify, (_claimsOf(fills), proof)), 1);
        vm.assertEq(escrow.settle(fills, proof), 1, "settled");
    }

    function test_settle_revertsIfClaimsAreInAnotherOrder() external {
        Fill memory first = _fillOf(_requestOf(0));
        Fill memory second = _fillOf(_requestOf(1));
        bytes memory proof = _prove(_two(second, first));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, address(verifier)));
        escrow.settle(_two(first, second), proof);
    }

    function test_settle_revertsIfASkippedClaimIsNotProven() external {
        Fill memory closed = _fillOf(_requestOf(0));
        _settle(closed);
        Fill memory open = _fillOf(_requestOf(1));
        bytes memory proof = _prove(_one(open));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, address(verifier)));
        escrow.settle(_two(closed, open), proof);
    }

    function testFuzz_settle_isTheSameFromAnySender(address sender) external {
        vm.assume(sender != address(0));
        Fill[] memory fills = _two(_fillOf(_requestOf(0)), _fillOf(_requestOf(0)));
        bytes memory proof = _prove(fills);
        uint256 before = vm.snapshotState();

        vm.recordLogs();
        vm.prank(prover);
        escrow.settle(fills, proof);
        bytes32 events = _hashOf(vm.getRecordedLogs());
        Books memory books = _books();

        vm.revertToState(before);
        vm.recordLogs();
        vm.prank(sender);
        escrow.settle(fills, proof);
        vm.assertEq(_hashOf(vm.getRecordedLogs()), events, "events");
        _assertBooks(books);
    }

    function _hashOf(Log[] memory logs) private pure returns (bytes32) {
        return keccak256(abi.encode(logs));
    }
}
