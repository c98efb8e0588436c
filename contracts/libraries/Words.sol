// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Memory and calldata by address
/// @dev For code that lays out a precompile's input by hand. Whoever stores or copies owns the memory it names, by
/// `allocate`.
library Words {
    function allocate(uint256 size) internal pure returns (uint256 location) {
        assembly ("memory-safe") {
            location := mload(0x40)
            mstore(0x40, add(location, size))
        }
    }

    /// @dev Where free memory starts: room to work in until the next allocation.
    function free() internal pure returns (uint256 location) {
        assembly ("memory-safe") {
            location := mload(0x40)
        }
    }

    function load(uint256 location) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(location)
        }
    }

    function store(uint256 location, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(location, word)
        }
    }

    function copy(uint256 to, uint256 from, uint256 size) internal pure {
        assembly ("memory-safe") {
            mcopy(to, from, size)
        }
    }

    /// @dev Copying from beyond the end of calldata yields zeros.
    function clear(uint256 location, uint256 size) internal pure {
        assembly ("memory-safe") {
            calldatacopy(location, calldatasize(), size)
        }
    }

    function loadCalldata(uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(offset)
        }
    }

    function copyCalldata(uint256 to, uint256 offset, uint256 size) internal pure {
        assembly ("memory-safe") {
            calldatacopy(to, offset, size)
        }
    }

    function hash(uint256 location, uint256 size) internal pure returns (uint256 digest) {
        assembly ("memory-safe") {
            digest := keccak256(location, size)
        }
    }
}
