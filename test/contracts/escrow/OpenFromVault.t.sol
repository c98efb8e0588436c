// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {Authorization, IEscrow, LockState, Request, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";
import {Log} from "../helpers/Vm.sol";

/// @notice How money that arrived in a vault becomes a lock, or its payer's balance.
contract OpenFromVaultTest is EscrowTest {
    /// @dev A request that names nobody: what a stock client pays, who knows nothing of requests.
    function _anonymous() private view returns (Request memory request) {
        request = _lockRequest();
        request.payer = address(0);
    }

    function _vaultOf(Request memory request) private view returns (address) {
        return escrow.vaultOf(escrow.idOf(request));
    }

    /// @dev The agent's authorization of a payment to the request's vault.
    function _payment(Request memory request, uint256 value) private view returns (Authorization memory) {
        return _authorize(AGENT_KEY, _vaultOf(request), value, "payment");
    }

    function _openAs(address sender, Request memory request, Authorization memory authorization) private {
        vm.prank(sender);
        escrow.openFromVault(request, authorization);
    }

    function _assertOpens(
        address sender,
        Request memory request,
        Authorization memory authorization,
        address payer,
        bool vouched
    ) private {
        bytes32 id = escrow.idOf(request);
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, payer, provider, PRICE, vouched);
        _openAs(sender, request, authorization);
        _assertLock(id, payer, LockState.Open);
    }

    // Who may call

    function test_openFromVault_revertsForAnyoneButTheProviderIfNoPayerIsNamed() external {
        Request memory request = _anonymous();
        Authorization memory payment = _payment(request, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotProvider.selector, agent, provider));
        _openAs(agent, request, payment);
    }

    function test_openFromVault_revertsIfNobodyIsNamedAtAll() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, address(0)));
        _openAs(provider, request, _arrivedFrom(address(0)));
    }

    function test_openFromVault_revertsIfThePayerIsTheEscrow() external {
        Request memory request = _lockRequest();
        request.payer = address(escrow);
        usdc.mint(_vaultOf(request), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, address(escrow)));
        escrow.openFromVault(request, _arrivedFrom(agent));
    }

    function test_openFromVault_revertsIfTheProviderNamesTheEscrow() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, address(escrow)));
        _openAs(provider, request, _arrivedFrom(address(escrow)));
    }

    function test_openFromVault_opensForAnyoneIfThePayerIsNamed() external {
        Request memory request = _lockRequest();
        _assertOpens(stranger, request, _payment(request, PRICE), agent, false);
    }

    // What the pull and the vault give

    function test_openFromVault_revertsIfTheAuthorizationIsNotSigned() external {
        Request memory request = _lockRequest();
        Authorization memory payment = _payment(request, PRICE);
        payment.value += 1;
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.openFromVault(request, payment);
    }

    function test_openFromVault_revertsIfTheAuthorizationIsForAnotherVault() external {
        Request memory other = _lockRequest();
        other.nonce = 1;
        Authorization memory payment = _payment(other, PRICE);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.openFromVault(_lockRequest(), payment);
    }

    function test_openFromVault_passesTheTimesOn() external {
        Request memory request = _lockRequest();
        Authorization memory payment = _payment(request, PRICE);
        (payment.validAfter, payment.validBefore) = (1, 2);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        escrow.openFromVault(request, payment);
    }

    function test_openFromVault_revertsIfTheVaultHoldsLessThanThePrice() external {
        Request memory request = _lockRequest();
        Authorization memory payment = _payment(request, PRICE - 1);
        bytes memory reason = abi.encodeWithSelector(IEscrow.VaultShort.selector, _vaultOf(request), PRICE - 1, PRICE);
        vm.expectRevert(reason);
        escrow.openFromVault(request, payment);
    }

    function test_openFromVault_revertsIfTheVaultIsEmpty() external {
        Request memory request = _lockRequest();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.VaultShort.selector, _vaultOf(request), 0, PRICE));
        escrow.openFromVault(request, _arrivedFrom(agent));
    }

    function test_openFromVault_revertsIfNothingIsLeftToCredit() external {
        Request memory request = _lockRequest();
        escrow.openFromVault(request, _payment(request, PRICE));
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        escrow.openFromVault(request, _arrivedFrom(agent));
    }

    function test_openFromVault_locksExactlyThePrice() external {
        Request memory request = _lockRequest();
        Books memory books = _books();
        _assertOpens(stranger, request, _payment(request, PRICE), agent, false);
        books.held += PRICE;
        books.agentWallet -= PRICE;
        _assertBooks(books);
        vm.assertEq(usdc.balanceOf(_vaultOf(request)), 0, "vault's wallet");
    }

    function test_openFromVault_creditsNothingWithoutSurplus() external {
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), PRICE);
        vm.recordLogs();
        escrow.openFromVault(request, _arrivedFrom(agent));
        Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            vm.assertNotEq(logs[i].topics[0], IEscrow.Credited.selector, "event");
        }
    }

    function test_openFromVault_creditsTheSurplus() external {
        Request memory request = _lockRequest();
        bytes32 id = escrow.idOf(request);
        Authorization memory payment = _payment(request, PRICE + 7);
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, agent, provider, PRICE, false);
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(id, agent, 7, false);
        escrow.openFromVault(request, payment);
        books.agent += 7;
        books.held += PRICE + 7;
        books.agentWallet -= PRICE + 7;
        _assertBooks(books);
    }

    function test_openFromVault_ignoresTheEscrowsOwnMoney() external {
        Request memory request = _lockRequest();
        usdc.mint(address(escrow), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.VaultShort.selector, _vaultOf(request), 0, PRICE));
        escrow.openFromVault(request, _arrivedFrom(agent));
    }

    function testFuzz_openFromVault_accountsForEveryUnit(uint256 earlier, uint256 value) external {
        earlier = bound(earlier, 0, 3 * uint256(PRICE));
        value = bound(value, earlier >= PRICE ? 0 : PRICE - earlier, 3 * uint256(PRICE));
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), earlier);
        uint256 held = usdc.balanceOf(address(escrow));
        escrow.openFromVault(request, _payment(request, value));
        vm.assertEq(usdc.balanceOf(address(escrow)), held + earlier + value, "held");
        vm.assertEq(escrow.balanceOf(agent), earlier + value - PRICE, "agent's balance");
    }

    // Who vouches for the payer

    function test_openFromVault_isProvenIfThePayerIsNamedAndTheMoneyHadArrived() external {
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), PRICE);
        _assertOpens(stranger, request, _arrivedFrom(stranger), agent, false);
    }

    function test_openFromVault_isProvenIfThePullPaidThePrice() external {
        Request memory request = _anonymous();
        _assertOpens(provider, request, _payment(request, PRICE), agent, false);
    }

    function test_openFromVault_isVouchedIfThePullPaidLess() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), 1);
        _assertOpens(provider, request, _payment(request, PRICE - 1), agent, true);
    }

    function test_openFromVault_isVouchedIfTheMoneyHadArrived() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), PRICE);
        _assertOpens(provider, request, _arrivedFrom(agent), agent, true);
    }

    /// Without a signature there is nothing to pull, whatever else the authorization says.
    function test_openFromVault_isVouchedIfThePaymentIsNotSigned() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), PRICE);
        Authorization memory payment = _payment(request, PRICE);
        payment.signature = Signature(0, 0);
        _assertOpens(provider, request, payment, agent, true);
    }

    function test_openFromVault_isVouchedIfThePullPaidThePriceOnTopOfOtherMoney() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), 5);
        _assertOpens(provider, request, _payment(request, PRICE), agent, true);
        vm.assertEq(escrow.balanceOf(agent), 5, "agent's balance");
    }

    /// A stranger who pays for the agent names the agent by paying: the request fixes who is credited.
    function test_openFromVault_creditsTheNamedPayerWhoeverPaid() external {
        Request memory request = _lockRequest();
        Authorization memory gift = _authorize(STRANGER_KEY, _vaultOf(request), PRICE + 7, "gift");
        _assertOpens(stranger, request, gift, agent, false);
        vm.assertEq(escrow.balanceOf(agent), 7, "agent's balance");
        vm.assertEq(escrow.balanceOf(stranger), 0, "stranger's balance");
    }
}
