// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommitmentLog} from "../../contracts/CommitmentLog.sol";
import {Test} from "./helpers/Vm.sol";

contract CommitmentLogTest is Test {
    CommitmentLog private log;
    address private provider = address(0xA275E2);
    address private stranger = address(0x57A27E2);

    bytes32 private constant ROOT = "root";
    uint40 private constant COUNT = 3;
    uint256 private constant START = 1_800_000_000;

    function setUp() external {
        vm.warp(START);
        log = new CommitmentLog();
    }

    function _commit(bytes32 root, uint40 count) private {
        vm.prank(provider);
        log.commit(root, count);
    }

    function _hashPair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _leafOf(uint96 charge) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(bytes32("request"), bytes32("output"), charge))));
    }

    function test_commit_revertsIfRootIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(CommitmentLog.EmptyCommitment.selector, 0, COUNT));
        _commit(0, COUNT);
    }

    function test_commit_revertsIfCountIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(CommitmentLog.EmptyCommitment.selector, ROOT, 0));
        _commit(ROOT, 0);
    }

    function test_commit_revertsTheSecondTime() external {
        _commit(ROOT, COUNT);
        vm.warp(START + 10);
        vm.expectRevert(abi.encodeWithSelector(CommitmentLog.AlreadyCommitted.selector, ROOT, START));
        _commit(ROOT, COUNT + 1);
    }

    function test_commit_recordsTimeAndCount() external {
        vm.expectEmit(address(log));
        emit CommitmentLog.Committed(provider, ROOT, COUNT);
        _commit(ROOT, COUNT);
        vm.assertEq(log.committedAt(provider, ROOT), START, "time");
        vm.assertEq(log.countOf(provider, ROOT), COUNT, "count");
    }

    function test_commit_takesTheLargestCount() external {
        _commit(ROOT, type(uint40).max);
        vm.assertEq(log.countOf(provider, ROOT), type(uint40).max, "count");
        vm.assertEq(log.committedAt(provider, ROOT), START, "time");
    }

    function test_commit_isTheSendersAlone() external {
        _commit(ROOT, COUNT);
        vm.assertEq(log.committedAt(stranger, ROOT), 0, "another provider's");
        vm.assertEq(log.committedAt(provider, "another root"), 0, "another root");
        vm.prank(stranger);
        log.commit(ROOT, 1);
        vm.assertEq(log.countOf(provider, ROOT), COUNT, "count");
    }

    function test_includes_isFalseBeforeTheCommitment() external view {
        vm.assertFalse(log.includes(provider, ROOT, ROOT, new bytes32[](0)), "included");
    }

    function test_includes_isTrueForALoneLeaf() external {
        bytes32 leaf = _leafOf(1);
        _commit(leaf, 1);
        vm.assertTrue(log.includes(provider, leaf, leaf, new bytes32[](0)), "included");
        vm.assertFalse(log.includes(stranger, leaf, leaf, new bytes32[](0)), "another provider's");
    }

    function testFuzz_includes_followsThePath(uint96[4] memory charges) external {
        bytes32 sibling = _leafOf(charges[1]);
        bytes32 uncle = _hashPair(_leafOf(charges[2]), _leafOf(charges[3]));
        bytes32 leaf = _leafOf(charges[0]);
        bytes32 root = _hashPair(_hashPair(leaf, sibling), uncle);
        _commit(root, 4);

        bytes32[] memory path = new bytes32[](2);
        (path[0], path[1]) = (sibling, uncle);
        vm.assertTrue(log.includes(provider, root, leaf, path), "included");
        vm.assertFalse(log.includes(provider, root, bytes32(uint256(leaf) ^ 1), path), "another leaf");
        path[1] = bytes32(uint256(uncle) ^ 1);
        vm.assertFalse(log.includes(provider, root, leaf, path), "another path");
    }
}
