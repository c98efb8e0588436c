// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {Receipt, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Ids, digests, contexts and vaults against their definitions, written out once more.
contract ViewsTest is EscrowTest {
    function _domain() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256("Assay"),
                    keccak256("1"),
                    block.chainid,
                    address(escrow)
                )
            );
    }

    function _digest(bytes memory structData) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", _domain(), keccak256(structData)));
    }

    function testFuzz_idOf_isTheRequestsDigest(Request memory request) external view {
        bytes memory structData = abi.encodePacked(
            abi.encode(
                keccak256(
                    "Request(address payer,address provider,address verifier,address consumer,"
                    "bytes32 model,bytes32 input,uint96 price,uint96 proverFee,uint96 penalty,"
                    "uint40 deadline,bool locked,uint256 nonce)"
                ),
                request.payer,
                request.provider,
                request.verifier,
                request.consumer,
                request.model,
                request.input
            ),
            abi.encode(
                request.price,
                request.proverFee,
                request.penalty,
                request.deadline,
                request.locked,
                request.nonce
            )
        );
        vm.assertEq(escrow.idOf(request), _digest(structData), "id");
    }

    function testFuzz_digestOf_isTheReceiptsDigest(Receipt memory receipt) external view {
        bytes memory structData = abi.encode(
            keccak256("Receipt(bytes32 request,bytes32 output,uint96 charge)"),
            receipt.request,
            receipt.output,
            receipt.charge
        );
        vm.assertEq(escrow.digestOf(receipt), _digest(structData), "digest");
    }

    function test_idOf_followsTheChain() external {
        Request memory request = _request();
        bytes32 id = escrow.idOf(request);
        vm.chainId(block.chainid + 1);
        vm.assertNotEq(escrow.idOf(request), id, "id");
    }

    function testFuzz_contextOf_bindsChainEscrowRequestAndProver(bytes32 id, address who, uint64 chain) external {
        vm.chainId(bound(chain, 1, type(uint64).max));
        uint256 hash = uint256(keccak256(abi.encode(block.chainid, address(escrow), id, who)));
        vm.assertEq(escrow.contextOf(id, who), bytes32(hash % (1 << 253)), "context");
    }

    function testFuzz_vaultOf_isTheClonesAddress(bytes32 id) external view {
        address vault = Clones.predictDeterministicAddress(address(escrow.VAULT()), id, address(escrow));
        vm.assertEq(escrow.vaultOf(id), vault, "vault");
    }
}
