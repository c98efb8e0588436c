// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {FalseToken} from "../../contracts/mocks/FalseToken.sol";
import {Vault} from "../../contracts/Vault.sol";
import {Test} from "./helpers/Vm.sol";

/// @notice A vault on its own; the test plays the escrow that deployed it.
contract VaultTest is Test {
    FalseToken private token;
    Vault private vault;

    function setUp() external {
        token = new FalseToken();
        vault = new Vault(IERC20(address(token)));
    }

    function test_constructor_bindsDeployerAndToken() external view {
        vm.assertEq(vault.ESCROW(), address(this), "escrow");
        vm.assertEq(address(vault.TOKEN()), address(token), "token");
    }

    function test_sweep_revertsForAnyoneButTheEscrow() external {
        address sender = address(0x57A27E2);
        vm.expectRevert(abi.encodeWithSelector(Vault.NotEscrow.selector, sender, address(this)));
        vm.prank(sender);
        vault.sweep();
    }

    function test_sweep_revertsIfTokenReturnsFalse() external {
        token.mint(address(vault), 7);
        token.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        vault.sweep();
    }

    function test_sweep_sendsEverythingToTheEscrow() external {
        token.mint(address(vault), 7);
        vault.sweep();
        vm.assertEq(token.balanceOf(address(this)), 7, "escrow's wallet");
        vm.assertEq(token.balanceOf(address(vault)), 0, "vault's wallet");
    }

    function test_sweep_sendsNothingIfNothingArrived() external {
        vault.sweep();
        vm.assertEq(token.balanceOf(address(this)), 0, "escrow's wallet");
    }
}
