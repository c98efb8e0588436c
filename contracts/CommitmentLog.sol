// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title Inference commitments in bulk
/// @notice A provider records the Merkle root of many receipts; later anyone can show that a receipt existed before the
/// time of that record. It holds no money and settles nothing.
/// @dev Trees are those of @openzeppelin/merkle-tree's `StandardMerkleTree` over `(bytes32 request, bytes32 output,
/// uint96 charge)`. A leaf is hashed twice, so no inner node can pass for a receipt.
contract CommitmentLog {
    /// @param time When it was recorded; zero when it was not.
    /// @param count How many receipts the provider says there are.
    struct Commitment {
        uint40 time;
        uint40 count;
    }

    mapping(address provider => mapping(bytes32 root => Commitment)) private _commitments;

    event Committed(address indexed provider, bytes32 indexed root, uint256 count);

    error EmptyCommitment(bytes32 root, uint256 count);
    error AlreadyCommitted(bytes32 root, uint256 time);

    /// @notice Records `root`, of `count` receipts, as the sender's. The first record stands.
    function commit(bytes32 root, uint40 count) external {
        if (root == 0 || count == 0) revert EmptyCommitment(root, count);
        Commitment storage commitment = _commitments[msg.sender][root];
        if (commitment.time != 0) revert AlreadyCommitted(root, commitment.time);

        commitment.time = uint40(block.timestamp);
        commitment.count = count;
        emit Committed(msg.sender, root, count);
    }

    /// @notice When the provider recorded `root`; zero if it never did.
    function committedAt(address provider, bytes32 root) external view returns (uint256) {
        return _commitments[provider][root].time;
    }

    /// @notice How many receipts the provider says are under `root`.
    function countOf(address provider, bytes32 root) external view returns (uint256) {
        return _commitments[provider][root].count;
    }

    /// @notice Whether the provider recorded `root`, and `path` leads from `leaf` to it.
    function includes(
        address provider,
        bytes32 root,
        bytes32 leaf,
        bytes32[] calldata path
    ) external view returns (bool) {
        return _commitments[provider][root].time != 0 && MerkleProof.verifyCalldata(path, root, leaf);
    }
}
