// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";

/// @title A consumer that calls back whoever calls it
/// @notice Plays the attacker who wants the escrow to act while it is settling. It keeps what it was answered.
contract ReentrantConsumer is IInferenceConsumer {
    bytes private _call;

    /// @notice How often it has called, whether the last call succeeded, and the first word of the answer to it.
    uint256 public calls;
    bool public succeeded;
    bytes32 public answer;

    function arm(bytes calldata data) external {
        _call = data;
    }

    /// @inheritdoc IInferenceConsumer
    function onSettled(bytes32, bytes32) external {
        ++calls;
        bytes memory data;
        (succeeded, data) = msg.sender.call(_call);
        answer = bytes32(data);
    }
}
