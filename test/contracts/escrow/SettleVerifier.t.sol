// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {GasBurner} from "../../../contracts/mocks/GasBurner.sol";
import {ScriptedVerifier} from "../../../contracts/mocks/ScriptedVerifier.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice What a verifier can answer: `true`, in exactly one word, pays; all else reverts and changes nothing.
contract SettleVerifierTest is EscrowTest {
    error Unproven(uint256 claim);

    function _fillFor(address judge) private view returns (Fill[] memory) {
        Request memory request = _request();
        request.verifier = judge;
        return _one(_fillOf(request));
    }

    function _assertRejected(address judge) private {
        Fill[] memory fills = _fillFor(judge);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, judge));
        escrow.settle(fills, "");
    }

    function _assertRejected(bytes memory answer) private {
        _assertRejected(address(new ScriptedVerifier(false, answer)));
    }

    function test_settle_paysIfTheVerifierSaysTrue() external {
        vm.assertEq(escrow.settle(_fillFor(address(new ScriptedVerifier(false, abi.encode(true)))), ""), 1, "settled");
    }

    function testFuzz_settle_passesClaimsAndProofOn(bytes calldata proof) external {
        Request memory first = _requestOf(0);
        first.verifier = address(new ScriptedVerifier(false, abi.encode(true)));
        Request memory second = _requestOf(1);
        second.verifier = first.verifier;
        Fill[] memory fills = _two(_fillOf(first), _fillOf(second));
        vm.expectCall(first.verifier, abi.encodeCall(IVerifier.verify, (_claimsOf(fills), proof)), 1);
        escrow.settle(fills, proof);
    }

    function test_settle_revertsIfTheVerifierSaysFalse() external {
        _assertRejected(abi.encode(false));
    }

    function test_settle_revertsIfTheVerifierSaysTwo() external {
        _assertRejected(abi.encode(2));
    }

    function test_settle_revertsIfTheVerifierSaysAllOnes() external {
        _assertRejected(abi.encode(type(uint256).max));
    }

    function test_settle_revertsIfTheVerifierSaysNothing() external {
        _assertRejected("");
    }

    function test_settle_revertsIfTheVerifierSaysTwoBytes() external {
        _assertRejected(hex"0001");
    }

    /// The missing byte must not come from what memory held before: a prover's address could make it a one.
    function test_settle_revertsIfTheVerifierSaysAllButTheLastByte() external {
        _deploy(0);
        prover = address(0xA01);
        _assertRejected(new bytes(31));
    }

    function test_settle_revertsIfTheVerifierSaysNothingForProverOne() external {
        _deploy(0);
        prover = address(1);
        _assertRejected("");
    }

    function test_settle_revertsIfTheVerifierSaysTwoWords() external {
        _assertRejected(abi.encode(true, true));
    }

    function test_settle_revertsIfTheVerifierIsAnAccountWithoutCode() external {
        _assertRejected(stranger);
    }

    function test_settle_revertsIfTheVerifierIsZero() external {
        _assertRejected(address(0));
    }

    function test_settle_revertsIfTheVerifierRevertsWithoutReason() external {
        _assertRejected(address(new ScriptedVerifier(true, "")));
    }

    function test_settle_passesTheVerifiersReasonOn() external {
        bytes memory reason = abi.encodeWithSelector(Unproven.selector, 7);
        Fill[] memory fills = _fillFor(address(new ScriptedVerifier(true, reason)));
        vm.expectRevert(reason);
        escrow.settle(fills, "");
    }

    function test_settle_revertsIfTheVerifierRevertsWithTrue() external {
        Fill[] memory fills = _fillFor(address(new ScriptedVerifier(true, abi.encode(true))));
        vm.expectRevert(abi.encode(true));
        escrow.settle(fills, "");
    }

    function test_settle_revertsIfTheVerifierBurnsAllGas() external {
        GasBurner burner = new GasBurner();
        Fill[] memory fills = _fillFor(address(burner));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, burner));
        escrow.settle{gas: 2_000_000}(fills, "");
    }

    function test_settle_asksNoVerifierIfNothingIsOwed() external {
        Request memory request = _request();
        request.verifier = address(new ScriptedVerifier(true, ""));
        request.deadline = uint40(START - 1);
        vm.assertEq(escrow.settle(_one(_fillOf(request)), ""), 0, "settled");
    }
}
