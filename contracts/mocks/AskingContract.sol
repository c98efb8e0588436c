// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEscrow, Request} from "../interfaces/IEscrow.sol";
import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";

/// @title A contract that asks, pays and uses the answer
/// @notice Plays an honest consumer: it takes an output from its escrow alone, and for a request that it opened itself,
/// once.
contract AskingContract is IInferenceConsumer {
    IEscrow public immutable ESCROW;
    IERC20 public immutable TOKEN;

    mapping(bytes32 id => bool) public isWaiting;
    mapping(bytes32 id => bytes32) public outputOf;

    error NotEscrow(address sender);
    error NotAsked(bytes32 id);

    constructor(IEscrow escrow, IERC20 token) {
        ESCROW = escrow;
        TOKEN = token;
    }

    /// @notice Opens a lock for `request` with this contract's own tokens.
    function ask(Request calldata request) external returns (bytes32 id) {
        id = ESCROW.idOf(request);
        isWaiting[id] = true;
        TOKEN.approve(address(ESCROW), request.price);
        ESCROW.open(request);
    }

    /// @inheritdoc IInferenceConsumer
    function onSettled(bytes32 id, bytes32 output) external {
        if (msg.sender != address(ESCROW)) revert NotEscrow(msg.sender);
        if (!isWaiting[id]) revert NotAsked(id);

        isWaiting[id] = false;
        outputOf[id] = output;
    }
}
