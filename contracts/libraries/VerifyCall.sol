// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Fill} from "../interfaces/IEscrow.sol";
import {IVerifier} from "../interfaces/IVerifier.sol";
import {Digests} from "./Digests.sol";

/// @title The calldata of `IVerifier.verify`, written claim by claim
/// @dev An array of claims in memory would be built only to be encoded, word by word, into a second copy. Here the
/// encoding is the only copy. Layout, after the selector: the offsets of claims and proof; the number of claims, then
/// six words each; the length of the proof, then its bytes.
library VerifyCall {
    uint256 private constant CLAIM_BYTES = 0xc0;
    /// @dev From the start of `data` to the first claim: its length, the selector, two offsets, the number of claims.
    uint256 private constant FIRST_CLAIM = 0x20 + 4 + 0x60;

    /// @notice Calldata with room for `count` claims, and `proof` behind them.
    function allocate(uint256 count, bytes calldata proof) internal pure returns (bytes memory data) {
        bytes4 selector = IVerifier.verify.selector;
        assembly ("memory-safe") {
            data := mload(0x40)
            let proofAt := add(add(data, FIRST_CLAIM), mul(count, CLAIM_BYTES))
            let end := add(add(proofAt, 0x20), and(add(proof.length, 0x1f), not(0x1f)))
            mstore(0x40, and(add(end, 0x1f), not(0x1f)))

            mstore(data, sub(sub(end, data), 0x20))
            mstore(add(data, 0x20), selector)
            mstore(add(data, 0x24), 0x40)
            mstore(add(data, 0x44), add(0x60, mul(count, CLAIM_BYTES)))
            mstore(add(data, 0x64), count)
            // The bytes that fill the last word up are zero: whatever was there goes before the proof is written.
            mstore(sub(end, 0x20), 0)
            mstore(proofAt, proof.length)
            calldatacopy(add(proofAt, 0x20), proof.offset, proof.length)
        }
    }

    /// @notice Writes the claim at `index`; its fields in the order of `Claim`.
    function put(
        bytes memory data,
        uint256 index,
        bytes32 request,
        bytes32 model,
        bytes32 input,
        bytes32 output,
        uint256 charge,
        bytes32 context
    ) internal pure {
        assembly ("memory-safe") {
            let claim := add(add(data, FIRST_CLAIM), mul(index, CLAIM_BYTES))
            mstore(claim, request)
            mstore(add(claim, 0x20), model)
            mstore(add(claim, 0x40), input)
            mstore(add(claim, 0x60), output)
            mstore(add(claim, 0x80), charge)
            mstore(add(claim, 0xa0), context)
        }
    }

    /// @notice Writes the claim that a fill makes.
    function putFill(
        bytes memory data,
        uint256 index,
        bytes32 id,
        Fill calldata fill,
        uint256 charge,
        address prover
    ) internal view {
        bytes32 context = Digests.hashContext(id, prover);
        put(data, index, id, fill.request.model, fill.request.input, fill.output, charge, context);
    }

    /// @notice Whether the verifier answers `true`. One that reverts says why; one without code holds nothing.
    function holds(bytes memory data, address verifier) internal view returns (bool) {
        (bool success, bytes32 result, ) = LowLevelCall.staticcallReturn64Bytes(verifier, data);
        if (!success && LowLevelCall.returnDataSize() != 0) LowLevelCall.bubbleRevert();
        return LowLevelCall.returnDataSize() == 32 && result == bytes32(uint256(1));
    }

    /// @notice The request's id and the output of the claim at `index`.
    function requestAndOutput(
        bytes memory data,
        uint256 index
    ) internal pure returns (bytes32 request, bytes32 output) {
        assembly ("memory-safe") {
            let claim := add(add(data, FIRST_CLAIM), mul(index, CLAIM_BYTES))
            request := mload(claim)
            output := mload(add(claim, 0x60))
        }
    }
}
