// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice When a request cannot open, or not any more, all that its vault holds becomes the payer's balance.
contract OpenFromVaultRefundTest is EscrowTest {
    function _pay(Request memory request, uint256 amount) private returns (bytes32 id) {
        id = escrow.idOf(request);
        usdc.mint(escrow.vaultOf(id), amount);
    }

    /// @dev 7 units come into the vault and go to the agent's balance; the lock stays as it was.
    function _assertCredits(Request memory request) private {
        bytes32 id = _pay(request, 7);
        bytes32 lock = keccak256(abi.encode(escrow.lockOf(id)));
        Books memory books = _books();
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(id, agent, 7, false);
        vm.prank(stranger);
        escrow.openFromVault(request, _arrivedFrom(stranger));
        books.agent += 7;
        books.held += 7;
        _assertBooks(books);
        vm.assertEq(keccak256(abi.encode(escrow.lockOf(id))), lock, "lock");
    }

    function test_openFromVault_opensInTheLastSecond() external {
        Request memory request = _lockRequest();
        bytes32 id = _pay(request, PRICE);
        vm.warp(DEADLINE);
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertLock(id, agent, LockState.Open);
    }

    function test_openFromVault_refundsAfterTheDeadline() external {
        vm.warp(DEADLINE + 1);
        _assertCredits(_lockRequest());
    }

    function test_openFromVault_refundsThePriceAfterTheDeadline() external {
        Request memory request = _lockRequest();
        bytes32 id = _pay(request, PRICE);
        vm.warp(DEADLINE + 1);
        escrow.openFromVault(request, _arrivedFrom(agent));
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
        _assertLock(id, address(0), LockState.None);
    }

    function test_openFromVault_opensForAWholeExit() external {
        Request memory request = _lockRequest();
        request.deadline = uint40(START + 1 days);
        bytes32 id = _pay(request, PRICE);
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertLock(id, agent, LockState.Open);
    }

    function test_openFromVault_refundsIfTheDeadlineOutlivesAnExit() external {
        Request memory request = _lockRequest();
        request.deadline = uint40(START + 1 days + 1);
        _assertCredits(request);
    }

    function test_openFromVault_refundsARequestThatATabPays() external {
        _assertCredits(_request());
    }

    function test_openFromVault_refundsTheWholePriceOfARequestThatATabPays() external {
        Request memory request = _request();
        bytes32 id = _pay(request, PRICE);
        escrow.openFromVault(request, _arrivedFrom(agent));
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
        _assertLock(id, address(0), LockState.None);
    }

    function test_openFromVault_refundsARequestWithoutPrice() external {
        Request memory request = _lockRequest();
        request.price = 0;
        _assertCredits(request);
    }

    function test_openFromVault_refundsASecondPayment() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Open);
        _assertCredits(request);
    }

    function test_openFromVault_refundsASecondPriceInFull() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Open);
        _pay(request, PRICE);
        escrow.openFromVault(request, _arrivedFrom(agent));
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
    }

    function test_openFromVault_refundsAPaymentAfterSettling() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Settled);
        _assertCredits(request);
    }

    function test_openFromVault_refundsAPaymentAfterReclaiming() external {
        Request memory request = _lockRequest();
        _bring(request, LockState.Reclaimed);
        _assertCredits(request);
    }

    function test_openFromVault_refundsWhatItPulls() external {
        Request memory request = _lockRequest();
        vm.warp(DEADLINE + 1);
        address vault = escrow.vaultOf(escrow.idOf(request));
        escrow.openFromVault(request, _authorize(AGENT_KEY, vault, PRICE, "payment"));
        vm.assertEq(escrow.balanceOf(agent), PRICE, "agent's balance");
    }

    function test_openFromVault_refundsWhomTheProviderNames() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        bytes32 id = _pay(request, 7);
        vm.warp(DEADLINE + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(id, stranger, 7, true);
        vm.prank(provider);
        escrow.openFromVault(request, _arrivedFrom(stranger));
        vm.assertEq(escrow.balanceOf(stranger), 7, "stranger's balance");
    }

    function test_openFromVault_refundsOnlyForTheProviderIfNoPayerIsNamed() external {
        Request memory request = _lockRequest();
        request.payer = address(0);
        _pay(request, 7);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotProvider.selector, stranger, provider));
        vm.prank(stranger);
        escrow.openFromVault(request, _arrivedFrom(stranger));
    }

    function test_openFromVault_collectsFromOneVaultTwice() external {
        Request memory request = _lockRequest();
        _pay(request, PRICE);
        escrow.openFromVault(request, _arrivedFrom(agent));
        _assertCredits(request);
    }
}
