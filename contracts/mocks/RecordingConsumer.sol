// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";

/// @title A consumer that remembers each call: who made it, with what, and with how much gas
contract RecordingConsumer is IInferenceConsumer {
    struct Call {
        address sender;
        bytes32 request;
        bytes32 output;
        uint256 gas;
    }

    Call[] private _calls;

    /// @inheritdoc IInferenceConsumer
    function onSettled(bytes32 request, bytes32 output) external {
        _calls.push(Call(msg.sender, request, output, gasleft()));
    }

    function countOf() external view returns (uint256) {
        return _calls.length;
    }

    function callAt(uint256 index) external view returns (Call memory) {
        return _calls[index];
    }
}
