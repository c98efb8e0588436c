// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, Signature} from "../interfaces/IEscrow.sol";
import {BN254, G1Point, G2Point} from "../libraries/BN254.sol";
import {Digests} from "../libraries/Digests.sol";
import {Signatures} from "../libraries/Signatures.sol";

/// @title What the library computes and no contract exposes
/// @notice The second opinion that parity tests hold the TypeScript against.
contract ProtocolHarness {
    using BN254 for G1Point;
    using BN254 for G2Point;

    error DoesNotFit(uint256 field, int256 value);

    function fieldOrder() external pure returns (uint256) {
        return BN254.P;
    }

    function groupOrder() external pure returns (uint256) {
        return BN254.R;
    }

    function requestTypeHash() external pure returns (bytes32) {
        return Digests.REQUEST_TYPEHASH;
    }

    function receiptTypeHash() external pure returns (bytes32) {
        return Digests.RECEIPT_TYPEHASH;
    }

    function isOnCurve(G1Point calldata point) external pure returns (bool) {
        return point.isValid();
    }

    function isInGroup(G2Point calldata point) external view returns (bool) {
        return point.isValid();
    }

    /// @notice As the escrow recovers: zero for what is no signature.
    function recover(bytes32 digest, Signature calldata signature) external view returns (address) {
        return Signatures.recover(digest, signature.r, signature.vs);
    }

    function leafOf(Receipt calldata receipt) external pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(receipt))));
    }

    /// @param bits Each field's width.
    /// @param offset What is added to each field's value: half its range in offset binary, else zero.
    function pack(
        uint8[] calldata bits,
        int256[] calldata offset,
        int256[] calldata values
    ) external pure returns (uint256 packed) {
        uint256 shift = 0;
        for (uint256 i = 0; i < bits.length; ++i) {
            int256 stored = values[i] + offset[i];
            if (stored < 0 || stored >= int256(1 << bits[i])) revert DoesNotFit(i, values[i]);
            packed |= uint256(stored) << shift;
            shift += bits[i];
        }
    }

    /// @notice The inverse of `pack`.
    function unpack(
        uint8[] calldata bits,
        int256[] calldata offset,
        uint256 packed
    ) external pure returns (int256[] memory values) {
        values = new int256[](bits.length);
        for (uint256 i = 0; i < bits.length; ++i) {
            values[i] = int256(packed & ((1 << bits[i]) - 1)) - offset[i];
            packed >>= bits[i];
        }
    }
}
