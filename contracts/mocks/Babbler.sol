// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A contract that answers anything with a flood of zeros
/// @notice Plays a consumer that wants its caller to pay for copying the answer.
contract Babbler {
    uint256 private immutable SIZE;
    bool private immutable REVERTS;

    constructor(uint256 size, bool reverts) {
        SIZE = size;
        REVERTS = reverts;
    }

    fallback() external {
        uint256 size = SIZE;
        bool reverts = REVERTS;
        // Takes memory that is not its own: it leaves before anyone could miss it.
        assembly {
            if reverts {
                revert(0, size)
            }
            return(0, size)
        }
    }
}
