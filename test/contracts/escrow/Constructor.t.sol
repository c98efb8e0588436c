// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

contract ConstructorTest is EscrowTest {
    function test_constructor_revertsIfTokenHasNoCode() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TokenHasNoCode.selector, stranger));
        new Escrow(IERC20(stranger), 501, address(0));
    }

    function test_constructor_revertsIfFeeIsAboveMaximum() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, 501, 500));
        new Escrow(IERC20(address(usdc)), 501, address(0));
    }

    function test_constructor_revertsIfFeeHasNoRecipient() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FeeWithoutRecipient.selector, 1, address(0)));
        new Escrow(IERC20(address(usdc)), 1, address(0));
    }

    function test_constructor_revertsIfRecipientHasNoFee() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FeeWithoutRecipient.selector, 0, treasury));
        new Escrow(IERC20(address(usdc)), 0, treasury);
    }

    function test_constructor_takesNoFeeByDefault() external {
        Escrow free = new Escrow(IERC20(address(usdc)), 0, address(0));
        vm.assertEq(free.FEE_BPS(), 0, "fee");
        vm.assertEq(free.FEE_RECIPIENT(), address(0), "recipient");
    }

    function test_constructor_takesTheMaximumFee() external {
        Escrow dear = new Escrow(IERC20(address(usdc)), 500, treasury);
        vm.assertEq(dear.FEE_BPS(), 500, "fee");
        vm.assertEq(dear.FEE_RECIPIENT(), treasury, "recipient");
        vm.assertEq(address(dear.TOKEN()), address(usdc), "token");
    }

    function test_constructor_deploysItsVault() external view {
        vm.assertEq(escrow.VAULT().ESCROW(), address(escrow), "escrow");
        vm.assertEq(address(escrow.VAULT().TOKEN()), address(usdc), "token");
    }

    function test_constructor_fixesTheDelays() external view {
        vm.assertEq(escrow.EXIT_DELAY(), 1 days, "EXIT_DELAY");
        vm.assertEq(escrow.MAX_FEE_BPS(), 500, "MAX_FEE_BPS");
        vm.assertEq(escrow.CALLBACK_GAS(), 200_000, "CALLBACK_GAS");
        vm.assertEq(escrow.PUSH_GAS(), 200_000, "PUSH_GAS");
    }
}
