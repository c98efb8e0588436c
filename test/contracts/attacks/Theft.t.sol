// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {Fill, IEscrow, LockState, Receipt, Request, Signature, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {ScriptedVerifier} from "../../../contracts/mocks/ScriptedVerifier.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Thieves of money that is not theirs: replays, forgeries, lying verifiers and agents who run.
contract TheftTest is EscrowTest {
    function _assertRejected(Fill[] memory fills, bytes memory proof) private {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, address(verifier)));
        escrow.settle(fills, proof);
    }

    // Copied proofs

    function test_attack_copiedProofPaysNobodyElse() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        bytes memory proof = _prove(fills);
        fills[0].prover = stranger;
        _assertRejected(fills, proof);
    }

    function test_attack_copiedTransactionPaysItsProver() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        bytes memory proof = _prove(fills);
        vm.prank(stranger);
        escrow.settle(fills, proof);
        vm.assertEq(escrow.balanceOf(prover), PROVER_FEE, "prover's balance");
        vm.assertEq(escrow.balanceOf(stranger), 0, "stranger's balance");
    }

    // Replays

    function test_attack_replayOnAnotherChainIsUnsigned() external {
        Fill memory fill = _fillOf(_request());
        vm.chainId(block.chainid + 1);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_attack_replayOfAProofOnAnotherChainIsRejected() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        bytes memory proof = _prove(fills);
        vm.chainId(block.chainid + 1);
        _assertRejected(_one(_fillOf(_request())), proof);
    }

    function test_attack_replayInAnotherEscrowIsUnsigned() external {
        Fill memory fill = _fillOf(_request());
        _deploy(FEE_BPS);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_attack_replayOfAProofInAnotherEscrowIsRejected() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        bytes memory proof = _prove(fills);
        _deploy(FEE_BPS);
        _assertRejected(_one(_fillOf(_request())), proof);
    }

    function test_attack_replayOfAProofForAnotherRequestIsRejected() external {
        bytes memory proof = _prove(_one(_fillOf(_requestOf(0))));
        _assertRejected(_one(_fillOf(_requestOf(1))), proof);
    }

    function test_attack_replayOfASettlementPaysOnce() external {
        Fill memory fill = _fillOf(_request());
        _settle(fill);
        _assertSkipped(fill, Skip.Closed);
    }

    // Signatures

    /// The compact form has no room for a high `s`: its top bit is read as the other parity, and so as another signer.
    function testFuzz_attack_highSIsNoSecondSignature(uint256 nonce) external {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        Fill memory fill = _fillOf(_requestOf(nonce));
        uint256 s = uint256(fill.signature.vs) & (type(uint256).max >> 1);
        fill.signature.vs = bytes32(order - s);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function testFuzz_attack_flippedParityIsNoSignature(uint256 nonce) external {
        Fill memory fill = _fillOf(_requestOf(nonce));
        fill.receipt.vs ^= bytes32(uint256(1) << 255);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_attack_receiptIsNoRequestAndRequestNoReceipt() external {
        Fill memory fill = _fillOf(_request());
        (fill.signature, fill.receipt) = (fill.receipt, fill.signature);
        _assertSkipped(fill, Skip.Unsigned);
    }

    // Batches

    function test_attack_settlingOneItemFirstStopsNoBatch() external {
        Fill[] memory fills = _two(_fillOf(_requestOf(0)), _fillOf(_requestOf(1)));
        bytes memory proof = _prove(fills);
        vm.prank(stranger);
        _settle(fills[0]);
        vm.assertEq(escrow.settle(fills, proof), 1, "settled");
        vm.assertEq(escrow.balanceOf(prover), 2 * PROVER_FEE, "prover's balance");
    }

    function test_attack_reclaimingOneItemFirstStopsNoBatch() external {
        Request memory locked = _lockRequest();
        _open(locked);
        Fill[] memory fills = _two(_fillOf(locked), _fillOf(_request()));
        bytes memory proof = _prove(fills);
        vm.prank(provider);
        escrow.reclaim(locked);
        vm.assertEq(escrow.settle(fills, proof), 1, "settled");
    }

    function test_attack_evilVerifierCannotJoinABatch() external {
        Request memory evil = _requestOf(1);
        evil.verifier = address(new ScriptedVerifier(false, abi.encode(true)));
        Fill[] memory fills = _two(_fillOf(evil), _fillOf(_request()));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.UnlikeVerifier.selector, 1, address(verifier), evil.verifier));
        escrow.settle(fills, "");
    }

    // Verifiers and models of the agent's own

    /// The agent signs for a verifier that accepts anything, to empty its tab ahead of the provider.
    function test_attack_agentsOwnVerifierCannotDrainItsTab() external {
        Request memory request = _request();
        request.verifier = address(new ScriptedVerifier(false, abi.encode(true)));
        request.price = FUNDS;
        request.proverFee = FUNDS / 2;
        Fill memory fill = _fillOf(request, FUNDS);
        fill.prover = agent;
        fill.receipt = _sign(AGENT_KEY, escrow.digestOf(Receipt(escrow.idOf(request), OUTPUT, FUNDS)));
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_attack_agentsOwnModelCannotDrainItsTab() external {
        Request memory request = _request();
        request.model = "a model that anyone can prove";
        request.price = FUNDS;
        Fill memory fill = _fillOf(request, FUNDS);
        fill.receipt = Signature(0, 0);
        _assertSkipped(fill, Skip.Unsigned);
    }

    /// A provider with a lying verifier still needs the payer to have signed for that verifier.
    function test_attack_lyingVerifierCannotTouchWhoDidNotSignForIt() external {
        Fill memory fill = _fillOf(_request());
        fill.request.verifier = address(new ScriptedVerifier(false, abi.encode(true)));
        fill.receipt = _receipt(fill.request, OUTPUT, CHARGE);
        _assertSkipped(fill, Skip.Unsigned);
    }

    function test_attack_accountWithoutCodeVerifiesNothing() external {
        Request memory request = _request();
        request.verifier = stranger;
        Fill[] memory fills = _one(_fillOf(request));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, stranger));
        escrow.settle(fills, "");
    }

    // Nonces

    function test_attack_strangersVaultBurnsNoNonce() external {
        Request memory request = _lockRequest();
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        vm.prank(stranger);
        escrow.openFromVault(request, _arrivedFrom(stranger));
        _settle(_fillOf(request));
        vm.assertFalse(escrow.isNonceUsed(agent, provider, 0), "nonce");
    }

    function test_attack_sybilProviderBurnsNoNonceOfAnother() external {
        vm.prank(stranger);
        escrow.fund(agent, stranger, PRICE);
        Request memory request = _request();
        request.provider = stranger;
        Fill memory fill = _fillOf(request);
        fill.receipt = _sign(STRANGER_KEY, escrow.digestOf(Receipt(escrow.idOf(request), OUTPUT, CHARGE)));
        vm.assertEq(_settle(fill), 1, "settled");
        vm.assertFalse(escrow.isNonceUsed(agent, provider, 0), "nonce");
    }

    // Agents who run with the tab

    function test_attack_agentCannotRunBeforeTheProviderSettles() external {
        Request memory request = _request();
        request.deadline = uint40(START + 1 days);
        Fill memory fill = _fillOf(request);
        vm.prank(agent);
        escrow.startExit(agent, provider);
        vm.warp(START + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START + 1 days, START + 1 days));
        vm.prank(agent);
        escrow.exit(agent, provider);
        vm.assertEq(_settle(fill), 1, "settled");
    }

    function test_attack_agentCannotReclaimALockBeforeTheDeadline() external {
        Request memory request = _lockRequest();
        _open(request);
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, DEADLINE, DEADLINE));
        vm.prank(agent);
        escrow.reclaim(request);
    }

    // Payees that the token refuses

    function test_attack_blacklistedPayeeHoldsNobodyElseUp() external {
        usdc.setBlacklisted(provider, true);
        usdc.setBlacklisted(prover, true);
        vm.assertEq(_settle(_two(_fillOf(_requestOf(0)), _fillOf(_requestOf(1)))), 2, "settled");
        vm.prank(treasury);
        escrow.withdraw(treasury, 2 * FEE);
        vm.prank(provider);
        escrow.withdraw(address(0xBA4C), 2 * INCOME);
        vm.assertEq(usdc.balanceOf(address(0xBA4C)), 2 * INCOME, "paid elsewhere");
    }

    function test_attack_blacklistedPayerCannotStopItsReclaim() external {
        Request memory request = _lockRequest();
        bytes32 id = _open(request);
        usdc.setBlacklisted(agent, true);
        vm.warp(DEADLINE + 1);
        escrow.reclaim(request);
        _assertLock(id, agent, LockState.Reclaimed);
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
    }

    // Authorizations

    function test_attack_authorizationCannotBeRedirectedToAnotherProvider() external {
        bytes32 nonce = keccak256(abi.encode(provider, bytes32("salt")));
        Signature memory signature = _signReceive(AGENT_KEY, address(escrow), PRICE, 0, ALWAYS, nonce);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        vm.prank(stranger);
        escrow.fundWithAuthorization(agent, stranger, PRICE, 0, ALWAYS, "salt", signature);
    }

    function test_attack_authorizationCannotBeRedirectedToAnotherEscrow() external {
        bytes32 nonce = keccak256(abi.encode(provider, bytes32("salt")));
        Signature memory signature = _signReceive(AGENT_KEY, address(escrow), PRICE, 0, ALWAYS, nonce);
        Escrow other = new Escrow(IERC20(address(usdc)), 0, address(0));
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        other.fundWithAuthorization(agent, provider, PRICE, 0, ALWAYS, "salt", signature);
    }
}
