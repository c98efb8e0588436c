// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, Signature} from "../interfaces/IEscrow.sol";
import {Digests} from "./Digests.sol";

/// @title Who signed a digest
/// @dev By the rules of ERC-2098 and EIP-2: compact, with a low s. Written out because Solidity's `ecrecover` takes its
/// input by way of new memory, and a batch of attested answers pays for that three times an answer.
library Signatures {
    /// @dev The largest s of a signature; from one with a larger s anyone could make a second.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Whether a fill's receipt is the provider's.
    function isReceipted(
        bytes32 domain,
        bytes32 id,
        Fill calldata fill,
        uint256 charge,
        address provider
    ) internal view returns (bool) {
        return isBy(fill.receipt, provider, Digests.ofReceipt(domain, id, fill.output, charge));
    }

    /// @notice Whether this is the signer's. A bad signature recovers zero, and zero signs nothing.
    function isBy(Signature calldata signature, address signer, bytes32 digest) internal view returns (bool) {
        address recovered = recover(digest, signature.r, signature.vs);
        return recovered != address(0) && recovered == signer;
    }

    /// @notice The account whose key signed; zero for what is no signature.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address signer) {
        assembly ("memory-safe") {
            // The top bit is the parity of y, the rest is s.
            let s := shr(1, shl(1, vs))
            let input := mload(0x40)
            mstore(input, digest)
            mstore(add(input, 0x20), add(shr(255, vs), 27))
            mstore(add(input, 0x40), r)
            mstore(add(input, 0x60), s)
            // A precompile that recovers nobody returns nothing, and leaves the zero in scratch space. So does one that
            // runs out of gas, but then a 64th of what it costs is left here: too little for an event, or for anything
            // that a caller could gain by.
            mstore(0x00, 0)
            pop(staticcall(gas(), 0x01, input, 0x80, 0x00, 0x20))
            signer := mul(mload(0x00), iszero(gt(s, MAX_S)))
        }
    }

    /// @notice A signature in the form that tokens take.
    function unpack(Signature calldata signature) internal pure returns (uint8 v, bytes32 s) {
        v = uint8((uint256(signature.vs) >> 255) + 27);
        s = signature.vs & bytes32(uint256(type(uint256).max) >> 1);
    }
}
