// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

struct G1Point {
    uint256 x;
    uint256 y;
}

/// @dev Each coordinate is `imaginary * i + real`; the precompiles read the imaginary part first.
struct G2Point {
    uint256 xImaginary;
    uint256 xReal;
    uint256 yImaginary;
    uint256 yReal;
}

/// @title The curve of the EVM's pairing precompiles (EIP-196, EIP-197)
/// @dev The functions with a `uint256` location work on memory in place, for code that lays out a pairing by hand: a
/// Solidity struct costs an allocation and a copy at every step. Each answers whether the precompile took its input,
/// which it does only for points on the curve with coordinates below P.
library BN254 {
    /// @dev The order of the coordinates' field.
    uint256 internal constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
    /// @dev The order of the groups: scalars and a proof's public inputs are below it.
    uint256 internal constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    // The generator of the second group (EIP-197).
    uint256 internal constant G2_X_IMAGINARY = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 internal constant G2_X_REAL = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 internal constant G2_Y_IMAGINARY = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 internal constant G2_Y_REAL = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;

    /// @notice Whether a point is on the curve, not at infinity, in its one canonical form.
    function isValid(G1Point memory point) internal pure returns (bool) {
        // Infinity is written (0, 0), which does not satisfy the equation.
        if (point.x >= P || point.y >= P) return false;
        return mulmod(point.y, point.y, P) == addmod(mulmod(point.x, mulmod(point.x, point.x, P), P), 3, P);
    }

    /// @notice Whether a point is on the twist, in the right subgroup, not at infinity, in its one canonical form.
    function isValid(G2Point memory point) internal view returns (bool) {
        if ((point.xImaginary | point.xReal | point.yImaginary | point.yReal) == 0) return false;
        uint256[6] memory input = [0, 0, point.xImaginary, point.xReal, point.yImaginary, point.yReal];
        uint256 location;
        assembly ("memory-safe") {
            location := input
        }
        // Pairing anything with infinity gives one; the precompile looks at the point all the same.
        return pairingIsOne(location, 1);
    }

    /// @notice Whether two points are the same or each other's negative: both share their x.
    function isSameUpToSign(G1Point memory a, G1Point memory b) internal pure returns (bool) {
        return a.x == b.x;
    }

    /// @notice Whether two points are the same or each other's negative: both share their x.
    function isSameUpToSign(G2Point memory a, G2Point memory b) internal pure returns (bool) {
        return a.xReal == b.xReal && a.xImaginary == b.xImaginary;
    }

    function isGenerator(G2Point memory point) internal pure returns (bool) {
        return
            point.xImaginary == G2_X_IMAGINARY &&
            point.xReal == G2_X_REAL &&
            point.yImaginary == G2_Y_IMAGINARY &&
            point.yReal == G2_Y_REAL;
    }

    /// @notice Multiplies the point at `location` by the scalar in the word after it; the product replaces the point.
    function mulInPlace(uint256 location) internal view returns (bool success) {
        assembly ("memory-safe") {
            success := staticcall(gas(), 0x07, location, 0x60, location, 0x40)
        }
    }

    /// @notice Adds the points at `location` and right after it; the sum replaces the first.
    function addInPlace(uint256 location) internal view returns (bool success) {
        assembly ("memory-safe") {
            success := staticcall(gas(), 0x06, location, 0x80, location, 0x40)
        }
    }

    /// @notice Whether the product of the pairings of the `count` pairs (192 bytes each) from `location` on is one.
    function pairingIsOne(uint256 location, uint256 count) internal view returns (bool success) {
        assembly ("memory-safe") {
            // The result lands in scratch space, which a failed call leaves as it was: hence the `and`.
            success := staticcall(gas(), 0x08, location, mul(count, 0xc0), 0x00, 0x20)
            success := and(success, eq(mload(0x00), 1))
        }
    }
}
