// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceConsumer} from "../interfaces/IInferenceConsumer.sol";

/// @title A consumer that always refuses
/// @notice Plays a broken contract, or one that would hold a whole batch to ransom.
contract RevertingConsumer is IInferenceConsumer {
    error Refused(bytes32 request);

    /// @inheritdoc IInferenceConsumer
    function onSettled(bytes32 request, bytes32) external pure {
        revert Refused(request);
    }
}
