// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Request} from "../interfaces/IEscrow.sol";

/// @title What identifies requests, receipts and contexts
/// @dev What a batch needs is hashed in free memory, which stays free: a batch pays for memory by the square.
library Digests {
    bytes32 internal constant REQUEST_TYPEHASH = keccak256(
        "Request(address payer,address provider,address verifier,address consumer,bytes32 model,bytes32 input,"
        "uint96 price,uint96 proverFee,uint96 penalty,uint40 deadline,bool locked,uint256 nonce)"
    );
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 request,bytes32 output,uint96 charge)");

    uint256 private constant REQUEST_BYTES = 12 * 32;
    /// @dev A context has to fit the scalar field of a proof.
    uint256 private constant CONTEXT_MASK = (1 << 253) - 1;

    /// @notice EIP-712's `hashStruct` of a request. Reverts if a field has bits beyond its type.
    function hashRequest(Request calldata request) internal pure returns (bytes32) {
        return keccak256(abi.encode(REQUEST_TYPEHASH, request));
    }

    /// @notice The same without a look at each field, for whoever reads those that matter anyway.
    /// @dev With stray bits the hash is one that nobody signs and no lock is opened under.
    function hashRequestAsIs(Request calldata request) internal pure returns (bytes32 digest) {
        bytes32 typehash = REQUEST_TYPEHASH;
        assembly ("memory-safe") {
            let location := mload(0x40)
            mstore(location, typehash)
            calldatacopy(add(location, 0x20), request, REQUEST_BYTES)
            digest := keccak256(location, add(0x20, REQUEST_BYTES))
        }
    }

    /// @notice The digest of a receipt, which the provider signs.
    function ofReceipt(bytes32 domain, bytes32 id, bytes32 output, uint256 charge) internal pure returns (bytes32) {
        return inDomain(domain, _hash(RECEIPT_TYPEHASH, id, output, bytes32(charge)));
    }

    /// @notice The EIP-712 digest of a hashed struct.
    function inDomain(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    /// @notice The context of a claim on this chain, by the calling contract.
    function hashContext(bytes32 id, address prover) internal view returns (bytes32) {
        bytes32 chainId = bytes32(block.chainid);
        bytes32 escrow = bytes32(uint256(uint160(address(this))));
        bytes32 digest = _hash(chainId, escrow, id, bytes32(uint256(uint160(prover))));
        return digest & bytes32(CONTEXT_MASK);
    }

    function _hash(bytes32 a, bytes32 b, bytes32 c, bytes32 d) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let location := mload(0x40)
            mstore(location, a)
            mstore(add(location, 0x20), b)
            mstore(add(location, 0x40), c)
            mstore(add(location, 0x60), d)
            digest := keccak256(location, 0x80)
        }
    }
}
