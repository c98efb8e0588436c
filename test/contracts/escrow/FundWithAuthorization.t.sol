// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {FeeToken} from "../../../contracts/mocks/FeeToken.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract FundWithAuthorizationTest is EscrowTest {
    uint96 private constant AMOUNT = 5_000_001;
    bytes32 private constant SALT = "salt";

    function _nonceOf(address payee, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(payee, salt));
    }

    /// @dev The agent's, for a tab with the provider.
    function _authorization(bytes32 salt) private view returns (Signature memory) {
        return _signReceive(AGENT_KEY, address(escrow), AMOUNT, 0, ALWAYS, _nonceOf(provider, salt));
    }

    function test_fundWithAuthorization_revertsIfPayerIsZero() external {
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        escrow.fundWithAuthorization(address(0), provider, 0, 0, ALWAYS, SALT, Signature(0, 0));
    }

    function test_fundWithAuthorization_revertsIfProviderIsZero() external {
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        escrow.fundWithAuthorization(agent, address(0), 0, 0, ALWAYS, SALT, Signature(0, 0));
    }

    function test_fundWithAuthorization_revertsIfAmountIsZero() external {
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        escrow.fundWithAuthorization(agent, provider, 0, 0, ALWAYS, SALT, Signature(0, 0));
    }

    function test_fundWithAuthorization_revertsIfTabWouldOverflow() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TabFull.selector, FUNDS, type(uint96).max));
        escrow.fundWithAuthorization(agent, provider, type(uint96).max, 0, ALWAYS, SALT, Signature(0, 0));
    }

    function test_fundWithAuthorization_revertsIfUnsigned() external {
        Signature memory signature = _signReceive(
            STRANGER_KEY,
            address(escrow),
            AMOUNT,
            0,
            ALWAYS,
            _nonceOf(provider, SALT)
        );
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.fundWithAuthorization(agent, provider, AMOUNT, 0, ALWAYS, SALT, signature);
    }

    function test_fundWithAuthorization_revertsIfAmountDiffers() external {
        Signature memory signature = _authorization(SALT);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.fundWithAuthorization(agent, provider, AMOUNT + 1, 0, ALWAYS, SALT, signature);
    }

    function test_fundWithAuthorization_revertsIfProviderDiffers() external {
        Signature memory signature = _authorization(SALT);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.fundWithAuthorization(agent, stranger, AMOUNT, 0, ALWAYS, SALT, signature);
    }

    function test_fundWithAuthorization_revertsIfPayerDiffers() external {
        Signature memory signature = _authorization(SALT);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.fundWithAuthorization(stranger, provider, AMOUNT, 0, ALWAYS, SALT, signature);
    }

    function test_fundWithAuthorization_revertsOnceUsed() external {
        Signature memory signature = _authorization(SALT);
        escrow.fundWithAuthorization(agent, provider, AMOUNT, 0, ALWAYS, SALT, signature);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, agent, _nonceOf(provider, SALT))
        );
        escrow.fundWithAuthorization(agent, provider, AMOUNT, 0, ALWAYS, SALT, signature);
    }

    function test_fundWithAuthorization_passesTheTimesOn() external {
        uint256 from = START + 10;
        uint256 to = START + 20;
        bytes32 nonce = _nonceOf(provider, SALT);
        Signature memory signature = _signReceive(AGENT_KEY, address(escrow), AMOUNT, from, to, nonce);

        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, from, to));
        escrow.fundWithAuthorization(agent, provider, AMOUNT, from, to, SALT, signature);
        vm.warp(to);
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, from, to));
        escrow.fundWithAuthorization(agent, provider, AMOUNT, from, to, SALT, signature);
        vm.warp(to - 1);
        escrow.fundWithAuthorization(agent, provider, AMOUNT, from, to, SALT, signature);
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS + AMOUNT, "funds");
    }

    function test_fundWithAuthorization_revertsIfTokenTakesAFee() external {
        FeeToken token = new FeeToken();
        Escrow other = new Escrow(IERC20(address(token)), 0, address(0));
        token.mint(agent, 1_000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountNotReceived.selector, 990, 1_000));
        other.fundWithAuthorization(agent, provider, 1_000, 0, ALWAYS, SALT, Signature(0, 0));
    }

    function test_fundWithAuthorization_addsToTheTabWhoeverSubmits() external {
        Books memory books = _books();
        Signature memory signature = _authorization(SALT);
        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(agent, provider, stranger, AMOUNT);
        vm.prank(stranger);
        escrow.fundWithAuthorization(agent, provider, AMOUNT, 0, ALWAYS, SALT, signature);

        books.tab.funds += AMOUNT;
        books.held += AMOUNT;
        books.agentWallet -= AMOUNT;
        _assertBooks(books);
    }

    /// Many salts, so that signatures of either parity pass.
    function testFuzz_fundWithAuthorization_takesEverySignature(bytes32 salt) external {
        Signature memory signature = _authorization(salt);
        escrow.fundWithAuthorization(agent, provider, AMOUNT, 0, ALWAYS, salt, signature);
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS + AMOUNT, "funds");
    }
}
