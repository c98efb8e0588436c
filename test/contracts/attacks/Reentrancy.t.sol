// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {Fill, IEscrow, Request, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {ReentrantConsumer} from "../../../contracts/mocks/ReentrantConsumer.sol";
import {ReentrantToken} from "../../../contracts/mocks/ReentrantToken.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Into every function, out of a consumer; and into one, out of every call to a token. Each finds the guard.
contract ReentrancyTest is EscrowTest {
    bytes32 private constant GUARDED = bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);

    ReentrantToken private token;

    function setUp() public override {
        super.setUp();
        token = new ReentrantToken();
    }

    // Out of a consumer

    function _assertConsumerBlocked(bytes memory call) private {
        ReentrantConsumer consumer = new ReentrantConsumer();
        consumer.arm(call);
        Request memory request = _request();
        request.consumer = address(consumer);
        vm.assertEq(_settle(_fillOf(request)), 1, "settled");
        vm.assertEq(consumer.calls(), 1, "calls");
        vm.assertFalse(consumer.succeeded(), "succeeded");
        vm.assertEq(consumer.answer(), GUARDED, "answer");
    }

    function test_attack_consumerCannotReenterFund() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.fund, (agent, provider, 1)));
    }

    function test_attack_consumerCannotReenterFundWithAuthorization() external {
        Signature memory none;
        _assertConsumerBlocked(
            abi.encodeCall(IEscrow.fundWithAuthorization, (agent, provider, 1, 0, ALWAYS, "salt", none))
        );
    }

    function test_attack_consumerCannotReenterStake() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.stake, (agent, 1)));
    }

    function test_attack_consumerCannotReenterOpen() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.open, (_lockRequest())));
    }

    function test_attack_consumerCannotReenterOpenFromVault() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.openFromVault, (_lockRequest(), _arrivedFrom(agent))));
    }

    function test_attack_consumerCannotReenterSettle() external {
        Fill[] memory fills = _one(_fillOf(_requestOf(1)));
        _assertConsumerBlocked(abi.encodeCall(IEscrow.settle, (fills, _prove(fills))));
    }

    function test_attack_consumerCannotReenterReclaim() external {
        Request memory request = _lockRequest();
        _open(request);
        _assertConsumerBlocked(abi.encodeCall(IEscrow.reclaim, (request)));
    }

    function test_attack_consumerCannotReenterSlash() external {
        Fill memory fill = _fillOf(_requestOf(1));
        _assertConsumerBlocked(
            abi.encodeCall(IEscrow.slash, (fill.request, fill.signature, OUTPUT, CHARGE, fill.receipt))
        );
    }

    function test_attack_consumerCannotReenterContradict() external {
        Request memory request = _requestOf(1);
        Signature memory first = _receipt(request, OUTPUT, CHARGE);
        Signature memory second = _receipt(request, OTHER_OUTPUT, CHARGE);
        _assertConsumerBlocked(
            abi.encodeCall(IEscrow.contradict, (request, OUTPUT, CHARGE, first, OTHER_OUTPUT, CHARGE, second))
        );
    }

    function test_attack_consumerCannotReenterStartExit() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.startExit, (agent, provider)));
    }

    function test_attack_consumerCannotReenterExit() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.exit, (agent, provider)));
    }

    function test_attack_consumerCannotReenterWithdraw() external {
        _assertConsumerBlocked(abi.encodeCall(IEscrow.withdraw, (stranger, 1)));
    }

    // Out of the token

    function _useReentrantToken() private {
        escrow = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(agent, WEALTH);
        vm.startPrank(agent);
        token.approve(address(escrow), WEALTH);
        escrow.fund(agent, provider, FUNDS);
        escrow.startExit(agent, provider);
        vm.warp(START + 1 days + 1);
        escrow.exit(agent, provider);
        vm.stopPrank();
    }

    /// @dev The token tries to withdraw what the agent has, while the escrow is in the middle of something else.
    function _arm() private {
        token.arm(address(escrow), abi.encodeCall(IEscrow.withdraw, (stranger, 1)));
    }

    function _assertTokenBlocked() private view {
        vm.assertEq(token.calls(), 1, "calls");
        vm.assertFalse(token.succeeded(), "succeeded");
        vm.assertEq(token.answer(), GUARDED, "answer");
    }

    function _freshLockRequest() private view returns (Request memory request) {
        request = _lockRequest();
        request.deadline = uint40(block.timestamp);
    }

    function test_attack_tokenCannotReenterDuringFund() external {
        _useReentrantToken();
        _arm();
        vm.prank(agent);
        escrow.fund(agent, provider, 1);
        _assertTokenBlocked();
    }

    function test_attack_tokenCannotReenterDuringFundWithAuthorization() external {
        _useReentrantToken();
        _arm();
        Signature memory none;
        escrow.fundWithAuthorization(agent, provider, 1, 0, ALWAYS, "salt", none);
        _assertTokenBlocked();
    }

    function test_attack_tokenCannotReenterDuringStake() external {
        _useReentrantToken();
        _arm();
        vm.prank(agent);
        escrow.stake(agent, 1);
        _assertTokenBlocked();
    }

    function test_attack_tokenCannotReenterDuringOpen() external {
        _useReentrantToken();
        _arm();
        _open(_freshLockRequest());
        _assertTokenBlocked();
    }

    function test_attack_tokenCannotReenterDuringOpenFromVault() external {
        _useReentrantToken();
        Request memory request = _freshLockRequest();
        token.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        _arm();
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertTokenBlocked();
    }

    function test_attack_tokenCannotReenterDuringReclaim() external {
        _useReentrantToken();
        Request memory request = _freshLockRequest();
        _open(request);
        vm.warp(block.timestamp + 1);
        _arm();
        escrow.reclaim(request);
        _assertTokenBlocked();
    }

    function test_attack_tokenCannotReenterDuringWithdraw() external {
        _useReentrantToken();
        _arm();
        vm.prank(agent);
        escrow.withdraw(agent, FUNDS);
        _assertTokenBlocked();
        vm.assertEq(token.balanceOf(agent), WEALTH, "agent's wallet");
    }
}
