// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a verifier checks: this model on this input gives this output, in this context.
/// @param request The request's id.
/// @param model What was computed; each verifier defines how an id fixes a computation.
/// @param input Commitment to the input.
/// @param output The output, packed, or a commitment to it.
/// @param charge What the provider's receipt says the answer costs.
/// @param context Binds the proof to chain, escrow, request and prover; less than 2^253, so it fits a proof's field.
struct Claim {
    bytes32 request;
    bytes32 model;
    bytes32 input;
    bytes32 output;
    uint96 charge;
    bytes32 context;
}

/// @notice Checks that claims are true. The escrow calls whichever verifier a request names: payer and provider both
/// sign for it, so nobody keeps a list of allowed ones.
interface IVerifier {
    /// @notice Whether `proof` proves every one of `claims`.
    /// @dev Every field that the proof does not bind is up to whoever submits: a verifier says in its own documentation
    /// which fields it binds. The call is static; what it returns besides `true` means no.
    function verify(Claim[] calldata claims, bytes calldata proof) external view returns (bool);
}
