// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authorization, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {TestUSDC} from "../../../contracts/mocks/TestUSDC.sol";
import {Test} from "./Vm.sol";

/// @notice Signs, as keys do: digests in the compact form, and the token's EIP-3009 authorizations.
abstract contract Authorizations is Test {
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    uint256 internal constant ALWAYS = type(uint40).max;

    TestUSDC internal usdc;

    function _sign(uint256 key, bytes32 digest) internal pure returns (Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return Signature(r, s | bytes32(uint256(v - 27) << 255));
    }

    /// @dev For `receiveWithAuthorization`, which only the payee may submit.
    function _signReceive(
        uint256 key,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal view returns (Signature memory) {
        return
            _sign(
                key,
                _digestOf(abi.encode(RECEIVE_TYPEHASH, vm.addr(key), to, value, validAfter, validBefore, nonce))
            );
    }

    /// @dev For `transferWithAuthorization`: what a stock x402 client signs, with a random nonce.
    function _authorize(
        uint256 key,
        address to,
        uint256 value,
        bytes32 nonce
    ) internal view returns (Authorization memory) {
        address from = vm.addr(key);
        bytes32 digest = _digestOf(abi.encode(TRANSFER_TYPEHASH, from, to, value, 0, ALWAYS, nonce));
        return Authorization(from, value, 0, ALWAYS, nonce, _sign(key, digest));
    }

    /// @dev An authorization without a signature: the money has arrived already.
    function _arrivedFrom(address from) internal pure returns (Authorization memory authorization) {
        authorization.from = from;
    }

    /// @dev Submits an authorization to the token itself, as anyone may.
    function _submit(Authorization memory authorization, address to) internal {
        usdc.transferWithAuthorization(
            authorization.from,
            to,
            authorization.value,
            authorization.validAfter,
            authorization.validBefore,
            authorization.nonce,
            abi.encodePacked(
                authorization.signature.r,
                authorization.signature.vs & bytes32(uint256(type(uint256).max) >> 1),
                uint8(uint256(authorization.signature.vs) >> 255) + 27
            )
        );
    }

    function _digestOf(bytes memory structData) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), keccak256(structData)));
    }
}
