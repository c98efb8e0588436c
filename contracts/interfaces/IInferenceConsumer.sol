// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A contract that is told an inference's output once it has settled.
interface IInferenceConsumer {
    /// @notice Called by the escrow, last of all, with at least `CALLBACK_GAS`. A failure changes nothing but an event.
    /// @dev Anyone can have a request of his own, with a verifier and a model of his own making, delivered here. So an
    /// implementation checks that the caller is its escrow and that it opened `request` itself; payer, verifier and
    /// model would prove nothing, and are left out.
    /// @param request The id of the settled request.
    /// @param output The proven output.
    function onSettled(bytes32 request, bytes32 output) external;
}
