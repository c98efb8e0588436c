// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Where an unmodified x402 client's payment for one request arrives.
/// @notice A vault's address is fixed by the id of its request before anything is deployed there, so paying it is
/// agreeing to that request. The escrow deploys a minimal clone of this contract when it first collects.
contract Vault {
    using SafeERC20 for IERC20;

    address public immutable ESCROW;
    IERC20 public immutable TOKEN;

    error NotEscrow(address sender, address escrow);

    /// @dev The escrow deploys this in its own constructor.
    constructor(IERC20 token) {
        ESCROW = msg.sender;
        TOKEN = token;
    }

    /// @notice Sends all that arrived to the escrow, which accounts for it in the same call.
    function sweep() external {
        if (msg.sender != ESCROW) revert NotEscrow(msg.sender, ESCROW);
        TOKEN.safeTransfer(ESCROW, TOKEN.balanceOf(address(this)));
    }
}
