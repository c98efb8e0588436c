// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BN254, G2Point} from "../libraries/BN254.sol";
import {Words} from "../libraries/Words.sol";

/// @title The calls of the curve's precompiles, on words that a test chooses
contract CurveHarness {
    /// @notice The words after the call, and what it says of its success.
    function add(uint256[4] memory words) external view returns (bool success, uint256[4] memory) {
        return (BN254.addInPlace(_locationOf(words)), words);
    }

    function mul(uint256[4] memory words) external view returns (bool success, uint256[4] memory) {
        return (BN254.mulInPlace(_locationOf(words)), words);
    }

    /// @param scratch What stands in scratch space, where the answer would be written.
    function pairingIsOne(uint256[6] memory words, uint256 scratch) external view returns (bool) {
        uint256 location;
        assembly ("memory-safe") {
            location := words
        }
        Words.store(0x00, scratch);
        return BN254.pairingIsOne(location, 1);
    }

    function isSameUpToSign(G2Point memory a, G2Point memory b) external pure returns (bool) {
        return BN254.isSameUpToSign(a, b);
    }

    function _locationOf(uint256[4] memory words) internal pure returns (uint256 location) {
        assembly ("memory-safe") {
            location := words
        }
    }
}
