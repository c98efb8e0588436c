// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {
    Fill,
    IEscrow,
    Lock,
    LockState,
    Receipt,
    Request,
    Signature,
    Skip,
    Tab
} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim} from "../../../contracts/interfaces/IVerifier.sol";
import {HashVerifier} from "../../../contracts/mocks/HashVerifier.sol";
import {TestUSDC} from "../../../contracts/mocks/TestUSDC.sol";
import {Authorizations} from "./Authorizations.sol";
import {Log} from "./Vm.sol";

/// @notice One agent with a funded tab, one provider with a stake in it, and an escrow that takes a fee; and the short
/// ways to ask, answer, prove and settle. Amounts are odd on purpose, so that a wrong rounding shows.
abstract contract EscrowTest is Authorizations {
    uint256 internal constant AGENT_KEY = 0xA6E27;
    uint256 internal constant PROVIDER_KEY = 0xA275E2;
    uint256 internal constant STRANGER_KEY = 0x57A27E2;

    uint256 internal constant START = 1_800_000_000;
    uint40 internal constant DEADLINE = uint40(START + 1 hours);
    uint256 internal constant WEALTH = 1_000_000_000_000;

    uint96 internal constant FUNDS = 100_000_000;
    uint96 internal constant STAKE = 50_000_000;
    uint96 internal constant PRICE = 10_000_000;
    uint96 internal constant CHARGE = 8_999_999;
    uint96 internal constant PROVER_FEE = 1_000_000;
    uint96 internal constant PENALTY = 20_000_000;
    uint256 internal constant FEE_BPS = 137;
    /// @dev `CHARGE * FEE_BPS / 10_000` is 123,299.98.
    uint256 internal constant FEE = 123_299;
    uint256 internal constant INCOME = CHARGE - PROVER_FEE - FEE;

    bytes32 internal constant OUTPUT = "output";
    bytes32 internal constant OTHER_OUTPUT = "other output";

    Escrow internal escrow;
    HashVerifier internal verifier;

    address internal agent = vm.addr(AGENT_KEY);
    address internal provider = vm.addr(PROVIDER_KEY);
    address internal stranger = vm.addr(STRANGER_KEY);
    address internal prover = address(0x9407E4);
    address internal treasury = address(0x72EA5);

    /// @notice All the money of the scene, as the escrow accounts for it and as the token does.
    struct Books {
        Tab tab;
        uint256 agent;
        uint256 provider;
        uint256 prover;
        uint256 treasury;
        uint256 stranger;
        uint256 held;
        uint256 agentWallet;
    }

    function setUp() public virtual {
        vm.warp(START);
        usdc = new TestUSDC();
        verifier = new HashVerifier();
        usdc.mint(agent, WEALTH);
        usdc.mint(provider, WEALTH);
        usdc.mint(stranger, WEALTH);
        _deploy(FEE_BPS);
    }

    /// @dev A fresh escrow, with the agent's tab funded and the provider's stake in it.
    function _deploy(uint256 feeBps) internal {
        escrow = new Escrow(IERC20(address(usdc)), feeBps, feeBps == 0 ? address(0) : treasury);
        address[3] memory accounts = [agent, provider, stranger];
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.prank(accounts[i]);
            usdc.approve(address(escrow), type(uint256).max);
        }
        vm.prank(agent);
        escrow.fund(agent, provider, FUNDS);
        vm.prank(provider);
        escrow.stake(agent, STAKE);
    }

    // Asking

    /// @dev A request that the agent's tab pays.
    function _request() internal view returns (Request memory) {
        return
            Request({
                payer: agent,
                provider: provider,
                verifier: address(verifier),
                consumer: address(0),
                model: "model",
                input: "input",
                price: PRICE,
                proverFee: PROVER_FEE,
                penalty: PENALTY,
                deadline: DEADLINE,
                locked: false,
                nonce: 0
            });
    }

    function _requestOf(uint256 nonce) internal view returns (Request memory request) {
        request = _request();
        request.nonce = nonce;
    }

    /// @dev A request that a lock of its own pays.
    function _lockRequest() internal view returns (Request memory request) {
        request = _request();
        request.locked = true;
    }

    function _open(Request memory request) internal returns (bytes32 id) {
        id = escrow.idOf(request);
        vm.prank(request.payer);
        escrow.open(request);
    }

    /// @dev Opens the request's lock and takes it on to `state`.
    function _bring(Request memory request, LockState state) internal returns (bytes32 id) {
        if (state == LockState.None) return escrow.idOf(request);
        id = _open(request);
        if (state == LockState.Settled) _settle(_fillOf(request));
        if (state == LockState.Reclaimed) {
            vm.prank(request.provider);
            escrow.reclaim(request);
        }
    }

    // Answering

    function _sign(Request memory request) internal view returns (Signature memory) {
        return _sign(AGENT_KEY, escrow.idOf(request));
    }

    function _receipt(Request memory request, bytes32 output, uint96 charge) internal view returns (Signature memory) {
        return _sign(PROVIDER_KEY, escrow.digestOf(Receipt(escrow.idOf(request), output, charge)));
    }

    function _fillOf(Request memory request) internal view returns (Fill memory) {
        return _fillOf(request, CHARGE);
    }

    function _fillOf(Request memory request, uint96 charge) internal view returns (Fill memory) {
        return Fill(request, _sign(request), OUTPUT, charge, _receipt(request, OUTPUT, charge), prover);
    }

    // Settling

    function _one(Fill memory fill) internal pure returns (Fill[] memory fills) {
        fills = new Fill[](1);
        fills[0] = fill;
    }

    function _two(Fill memory first, Fill memory second) internal pure returns (Fill[] memory fills) {
        fills = new Fill[](2);
        (fills[0], fills[1]) = (first, second);
    }

    function _claimsOf(Fill[] memory fills) internal view returns (Claim[] memory claims) {
        claims = new Claim[](fills.length);
        for (uint256 i = 0; i < fills.length; ++i) {
            Fill memory fill = fills[i];
            bytes32 id = escrow.idOf(fill.request);
            bytes32 context = escrow.contextOf(id, fill.prover);
            claims[i] = Claim(id, fill.request.model, fill.request.input, fill.output, fill.charge, context);
        }
    }

    function _prove(Fill[] memory fills) internal view returns (bytes memory) {
        return verifier.prove(_claimsOf(fills));
    }

    function _settle(Fill[] memory fills) internal returns (uint256) {
        return escrow.settle(fills, _prove(fills));
    }

    function _settle(Fill memory fill) internal returns (uint256) {
        return _settle(_one(fill));
    }

    function _expectSettled(Fill memory fill, address payer) internal {
        bytes32 id = escrow.idOf(fill.request);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(id, payer, fill.request.provider, fill.prover, fill.output, fill.charge);
    }

    function _expectSkipped(Fill memory fill, Skip reason) internal {
        bytes32 id = escrow.idOf(fill.request);
        vm.expectEmit(address(escrow));
        emit IEscrow.Skipped(id, reason);
    }

    /// @dev Settles a fill that must be skipped: nothing is written, nothing verified, and one event says why.
    function _assertSkipped(Fill memory fill, Skip reason) internal {
        bytes32 id = escrow.idOf(fill.request);
        vm.record();
        vm.recordLogs();
        uint256 settled = escrow.settle(_one(fill), "");
        Log[] memory logs = vm.getRecordedLogs();
        (, bytes32[] memory writes) = vm.accesses(address(escrow));

        vm.assertEq(settled, 0, "settled");
        vm.assertEq(writes.length, 0, "storage writes");
        vm.assertEq(logs.length, 1, "events");
        vm.assertEq(logs[0].topics[0], IEscrow.Skipped.selector, "event");
        vm.assertEq(logs[0].topics[1], id, "id");
        vm.assertEq(uint256(bytes32(logs[0].data)), uint256(reason), "reason");
    }

    // Looking

    function _books() internal view returns (Books memory) {
        return
            Books({
                tab: escrow.tabOf(agent, provider),
                agent: escrow.balanceOf(agent),
                provider: escrow.balanceOf(provider),
                prover: escrow.balanceOf(prover),
                treasury: escrow.balanceOf(treasury),
                stranger: escrow.balanceOf(stranger),
                held: usdc.balanceOf(address(escrow)),
                agentWallet: usdc.balanceOf(agent)
            });
    }

    function _assertBooks(Books memory expected) internal view {
        Books memory books = _books();
        vm.assertEq(books.tab.funds, expected.tab.funds, "funds");
        vm.assertEq(books.tab.stake, expected.tab.stake, "stake");
        vm.assertEq(books.tab.exitAt, expected.tab.exitAt, "exitAt");
        vm.assertEq(books.agent, expected.agent, "agent's balance");
        vm.assertEq(books.provider, expected.provider, "provider's balance");
        vm.assertEq(books.prover, expected.prover, "prover's balance");
        vm.assertEq(books.treasury, expected.treasury, "treasury's balance");
        vm.assertEq(books.stranger, expected.stranger, "stranger's balance");
        vm.assertEq(books.held, expected.held, "held by the escrow");
        vm.assertEq(books.agentWallet, expected.agentWallet, "agent's wallet");
    }

    /// @dev What one paid charge of `CHARGE` adds to those who earn it.
    function _addIncome(Books memory books) internal pure {
        books.provider += INCOME;
        books.prover += PROVER_FEE;
        books.treasury += FEE;
    }

    function _assertLock(bytes32 id, address payer, LockState state) internal view {
        Lock memory lock = escrow.lockOf(id);
        vm.assertEq(lock.payer, payer, "lock's payer");
        vm.assertEq(uint256(lock.state), uint256(state), "lock's state");
    }
}
