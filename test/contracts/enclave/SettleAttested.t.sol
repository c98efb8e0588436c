// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Escrow} from "../../../contracts/Escrow.sol";
import {Fill, IEscrow, Receipt, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim} from "../../../contracts/interfaces/IVerifier.sol";
import {TestUSDC} from "../../../contracts/mocks/TestUSDC.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice Answers of an enclave move money through the escrow, as proofs do.
contract SettleAttestedTest is EnclaveTest {
    uint256 private constant AGENT_KEY = 0xA6E27;
    uint256 private constant PROVIDER_KEY = 0xA275E2;
    uint96 private constant PRICE = 10_000;
    uint96 private constant CHARGE = 9_001;
    uint256 private constant BATCH = 32;
    uint96 private constant FUNDS = PRICE * 40;

    Escrow private escrow;
    address private agent = vm.addr(AGENT_KEY);
    address private provider = vm.addr(PROVIDER_KEY);
    address private stranger = vm.addr(STRANGER);

    function setUp() public override {
        super.setUp();
        TestUSDC usdc = new TestUSDC();
        usdc.mint(agent, FUNDS);
        escrow = new Escrow(IERC20(address(usdc)), 0, address(0));
        vm.startPrank(agent);
        usdc.approve(address(escrow), FUNDS);
        escrow.fund(agent, provider, FUNDS);
        vm.stopPrank();
    }

    function test_settle_thirtyTwoAnswers_pays() external {
        (Fill[] memory fills, bytes memory proof) = _batch(KEY);
        vm.prank(stranger);
        vm.assertEq(escrow.settle(fills, proof), BATCH, "settled");
        vm.assertEq(escrow.balanceOf(provider), BATCH * CHARGE, "provider's balance");
        vm.assertEq(escrow.balanceOf(stranger), 0, "stranger's balance");
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS - BATCH * CHARGE, "funds");
    }

    function test_settle_oneAnswerOfAStranger_paysNobody() external {
        (Fill[] memory fills, bytes memory proof) = _batch(KEY);
        bytes memory forged = _answer(STRANGER, _claimOf(fills[BATCH - 1]));
        for (uint256 i = 0; i < 64; ++i) {
            proof[proof.length - 64 + i] = forged[i];
        }
        _refuse(fills, proof);
    }

    function test_settle_afterExpiry_paysNobody() external {
        (Fill[] memory fills, bytes memory proof) = _batch(KEY);
        vm.warp(EXPIRY);
        uint256 before = vm.snapshotState();
        vm.assertEq(escrow.settle(fills, proof), BATCH, "at the last second");
        vm.revertToState(before);
        vm.warp(EXPIRY + 1);
        _refuse(fills, proof);
    }

    function test_settle_afterRevocation_paysNobody() external {
        (Fill[] memory fills, bytes memory proof) = _batch(KEY);
        _revokeKey(key);
        _refuse(fills, proof);
    }

    /// @dev What an enclave signs costs what it signed: the provider's receipt alone cannot make it more.
    function test_settle_chargeBeyondTheEnclaves_paysNobody() external {
        Fill memory fill = _fillOf(1, CHARGE);
        bytes memory proof = _answer(KEY, _claimOf(fill));
        fill = _fillOf(1, CHARGE + 1);
        Fill[] memory fills = new Fill[](1);
        fills[0] = fill;
        _refuse(fills, proof);
    }

    /// @dev Whoever submits names himself, and gets nothing, since these requests pay a prover nothing.
    function test_settle_anyProver_takesNothing() external {
        (Fill[] memory fills, bytes memory proof) = _batch(KEY);
        for (uint256 i = 0; i < BATCH; ++i) {
            fills[i].prover = stranger;
        }
        vm.assertEq(escrow.settle(fills, proof), BATCH, "settled");
        vm.assertEq(escrow.balanceOf(stranger), 0, "stranger's balance");
    }

    function _refuse(Fill[] memory fills, bytes memory proof) private {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ProofRejected.selector, address(enclaves)));
        escrow.settle(fills, proof);
        vm.assertEq(escrow.balanceOf(provider), 0, "provider's balance");
    }

    function _batch(uint256 privateKey) private view returns (Fill[] memory fills, bytes memory proof) {
        fills = new Fill[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            fills[i] = _fillOf(i, CHARGE);
            proof = abi.encodePacked(proof, _answer(privateKey, _claimOf(fills[i])));
        }
    }

    function _fillOf(uint256 nonce, uint96 charge) private view returns (Fill memory fill) {
        fill.request = _request(nonce);
        bytes32 id = escrow.idOf(fill.request);
        fill.signature = _sign(AGENT_KEY, id);
        fill.output = keccak256(abi.encode("transcript", nonce));
        fill.charge = charge;
        fill.receipt = _sign(PROVIDER_KEY, escrow.digestOf(Receipt(id, fill.output, charge)));
        fill.prover = address(0x9407E4);
    }

    function _request(uint256 nonce) private view returns (Request memory request) {
        request.payer = agent;
        request.provider = provider;
        request.verifier = address(enclaves);
        request.model = model;
        request.input = keccak256(abi.encode("question", nonce));
        request.price = PRICE;
        request.deadline = EXPIRY + 1 days;
        request.nonce = nonce;
    }

    function _claimOf(Fill memory fill) private view returns (Claim memory) {
        bytes32 id = escrow.idOf(fill.request);
        bytes32 context = escrow.contextOf(id, fill.prover);
        return Claim(id, fill.request.model, fill.request.input, fill.output, fill.charge, context);
    }
}
