// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A verifier that lies as it was told
/// @notice Plays every wrong answer that a call can give: true or false without looking, a revert with or without a
/// reason, and return data of the wrong size or value.
contract ScriptedVerifier {
    bool private _reverts;
    bytes private _answer;

    constructor(bool reverts, bytes memory answer) {
        _reverts = reverts;
        _answer = answer;
    }

    fallback() external {
        bytes memory answer = _answer;
        bool reverts = _reverts;
        assembly ("memory-safe") {
            if reverts {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }
}
