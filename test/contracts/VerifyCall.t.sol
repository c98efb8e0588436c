// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim, IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {VerifyCall} from "../../contracts/libraries/VerifyCall.sol";
import {Test} from "./helpers/Vm.sol";

contract VerifyCallTest is Test {
    using VerifyCall for bytes;

    uint256 private constant MOST_CLAIMS = 5;

    /// What the compiler encodes is the reference.
    function test_allocate_encodesAsTheCompilerDoes() external view {
        bytes memory proof = new bytes(100);
        for (uint256 i = 0; i < proof.length; ++i) proof[i] = bytes1(uint8(i + 1));
        for (uint256 length = 0; length <= proof.length; ++length) {
            bytes memory some = new bytes(length);
            for (uint256 i = 0; i < length; ++i) some[i] = proof[i];
            for (uint256 count = 0; count <= MOST_CLAIMS; ++count) this.compare(_claims(count), some);
        }
    }

    function testFuzz_put_encodesAsTheCompilerDoes(Claim[] calldata claims, bytes calldata proof) external view {
        this.compare(claims, proof);
    }

    function compare(Claim[] calldata claims, bytes calldata proof) external pure {
        bytes memory expected = abi.encodeCall(IVerifier.verify, (claims, proof));
        _soil(expected.length + 0x100);
        bytes memory data = VerifyCall.allocate(claims.length, proof);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            data.put(i, claim.request, claim.model, claim.input, claim.output, claim.charge, claim.context);
            (bytes32 request, bytes32 output) = data.requestAndOutput(i);
            vm.assertEq(request, claim.request, "request");
            vm.assertEq(output, claim.output, "output");
        }
        vm.assertEq(keccak256(data), keccak256(expected), "calldata");
        uint256 end;
        assembly ("memory-safe") {
            end := add(add(data, 0x20), mload(data))
        }
        vm.assertEq(free % 0x20, 0, "what is allocated next is aligned");
        vm.assertGe(free, end, "what is allocated next is behind");
        vm.assertGt(end + 0x20, free, "no word is wasted");
    }

    /// @dev Leaves other people's words in free memory.
    function _soil(uint256 size) private pure {
        assembly ("memory-safe") {
            let start := mload(0x40)
            for {
                let at := 0
            } lt(at, size) {
                at := add(at, 0x20)
            } {
                mstore(add(start, at), not(0))
            }
        }
    }

    function _claims(uint256 count) private pure returns (Claim[] memory claims) {
        claims = new Claim[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 word = keccak256(abi.encode(i));
            claims[i] = Claim(word, ~word, word >> 1, word << 1, uint96(uint256(word)), word >> 3);
        }
    }
}
