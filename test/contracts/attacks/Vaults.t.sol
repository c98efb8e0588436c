// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {Authorization, Fill, IEscrow, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {Vault} from "../../../contracts/Vault.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Thieves around a vault: who submits the payment first, who names the payer, who pays twice.
contract VaultAttacksTest is EscrowTest {
    function _anonymous() private view returns (Request memory request) {
        request = _lockRequest();
        request.payer = address(0);
    }

    function _vaultOf(Request memory request) private view returns (address) {
        return escrow.vaultOf(escrow.idOf(request));
    }

    /// A stranger takes the authorization out of the mempool and gives it to the token himself.
    function test_attack_submittingAPaymentFirstDelaysNothing() external {
        Request memory request = _lockRequest();
        Authorization memory payment = _authorize(AGENT_KEY, _vaultOf(request), PRICE, "payment");
        vm.prank(stranger);
        _submit(payment, _vaultOf(request));

        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, agent, bytes32("payment")));
        escrow.openFromVault(request, payment);
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertLock(escrow.idOf(request), agent, LockState.Open);
    }

    function test_attack_submittingAnAnonymousPaymentFirstMakesItVouchedFor() external {
        Request memory request = _anonymous();
        bytes32 id = escrow.idOf(request);
        _submit(_authorize(AGENT_KEY, _vaultOf(request), PRICE, "payment"), _vaultOf(request));
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, agent, provider, PRICE, true);
        vm.prank(provider);
        escrow.openFromVault(request, _arrivedFrom(agent));
    }

    function test_attack_strangerCannotNameHimselfThePayerOfArrivedMoney() external {
        Request memory request = _anonymous();
        usdc.mint(_vaultOf(request), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotProvider.selector, stranger, provider));
        vm.prank(stranger);
        escrow.openFromVault(request, _arrivedFrom(stranger));
    }

    function test_attack_callerCannotReplaceANamedPayer() external {
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), PRICE);
        vm.prank(stranger);
        escrow.openFromVault(request, _arrivedFrom(stranger));
        _assertLock(escrow.idOf(request), agent, LockState.Open);
        vm.warp(DEADLINE + 1);
        escrow.reclaim(request);
        vm.assertEq(usdc.balanceOf(agent), WEALTH - FUNDS + PRICE, "agent's wallet");
    }

    function test_attack_paymentForOneRequestOpensNoOther() external {
        Request memory dearer = _lockRequest();
        dearer.nonce = 1;
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.VaultShort.selector, _vaultOf(dearer), 0, PRICE));
        escrow.openFromVault(dearer, _arrivedFrom(agent));
    }

    function test_attack_payingTwiceLosesNothing() external {
        Request memory request = _lockRequest();
        _open(request);
        escrow.openFromVault(request, _authorize(AGENT_KEY, _vaultOf(request), PRICE, "second payment"));
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
        _settle(_fillOf(request));
        vm.assertEq(escrow.balanceOf(agent), PRICE + PRICE - CHARGE, "agent's balance");
    }

    function test_attack_payingTooLateLosesNothing() external {
        Request memory request = _lockRequest();
        vm.warp(DEADLINE + 1);
        escrow.openFromVault(request, _authorize(AGENT_KEY, _vaultOf(request), PRICE, "late payment"));
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
    }

    function test_attack_payingTooLittleIsNotLost() external {
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), PRICE - 1);
        vm.warp(DEADLINE + 1);
        escrow.openFromVault(request, _arrivedFrom(agent));
        vm.assertEq(escrow.balanceOf(agent), PRICE - 1, "agent's balance");
    }

    function test_attack_dustInAVaultStopsNothing() external {
        Request memory request = _lockRequest();
        usdc.mint(_vaultOf(request), 1);
        escrow.openFromVault(request, _authorize(AGENT_KEY, _vaultOf(request), PRICE, "payment"));
        _assertLock(escrow.idOf(request), agent, LockState.Open);
    }

    function test_attack_strangerCannotSweepAVault() external {
        Request memory request = _lockRequest();
        address vault = _vaultOf(request);
        escrow.openFromVault(request, _authorize(AGENT_KEY, vault, PRICE, "payment"));
        vm.expectRevert(abi.encodeWithSelector(Vault.NotEscrow.selector, stranger, address(escrow)));
        vm.prank(stranger);
        Vault(vault).sweep();
    }

    function test_attack_strangerCannotSweepTheVaultsModel() external {
        Vault model = escrow.VAULT();
        vm.expectRevert(abi.encodeWithSelector(Vault.NotEscrow.selector, stranger, address(escrow)));
        vm.prank(stranger);
        model.sweep();
    }

    /// The payer of a vault is who is recorded in its lock, whatever the caller says later.
    function test_attack_recordedPayerIsWhoIsMadeWhole() external {
        Request memory request = _anonymous();
        Authorization memory payment = _authorize(STRANGER_KEY, _vaultOf(request), PRICE, "payment");
        vm.prank(provider);
        escrow.openFromVault(request, payment);
        vm.prank(provider);
        escrow.stake(stranger, STAKE);

        vm.warp(DEADLINE + 1);
        Fill memory fill = _fillOf(request);
        vm.prank(agent);
        escrow.slash(request, fill.signature, fill.output, fill.charge, fill.receipt);
        vm.prank(agent);
        escrow.reclaim(request);
        vm.assertEq(escrow.balanceOf(stranger), PENALTY, "stranger's balance");
        vm.assertEq(usdc.balanceOf(stranger), WEALTH, "stranger's wallet");
        vm.assertEq(escrow.tabOf(agent, provider).stake, STAKE, "the agent's stake");
    }
}
