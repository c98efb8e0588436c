// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Tab} from "../interfaces/IEscrow.sol";

/// @notice A tab and its used nonces, under one key.
struct Account {
    Tab tab;
    mapping(uint256 index => NonceWord) nonces;
}

/// @notice 256 nonces, one bit each. A struct, so that its slot is found once, to be read and to be written.
struct NonceWord {
    uint256 used;
}

using Accounts for Account global;

/// @title What a batch reads once and writes once
library Accounts {
    function isUsed(Account storage account, uint256 nonce) internal view returns (bool) {
        (NonceWord storage word, uint256 bit) = locate(account, nonce);
        return word.used & bit != 0;
    }

    /// @notice The word that a nonce is in, and its bit there.
    function locate(
        Account storage account,
        uint256 nonce
    ) internal view returns (NonceWord storage word, uint256 bit) {
        (word, bit) = (account.nonces[nonce >> 8], 1 << (nonce & 0xff));
    }

    /// @notice The tab as it is stored: `funds`, its first field, are the 96 lowest bits.
    function loadTab(Account storage account) internal view returns (uint256 tab) {
        Tab storage place = account.tab;
        // Solidity would read the slot for each field, and once more to write one.
        assembly ("memory-safe") {
            tab := sload(place.slot)
        }
    }

    function storeTab(Account storage account, uint256 tab) internal {
        Tab storage place = account.tab;
        assembly ("memory-safe") {
            sstore(place.slot, tab)
        }
    }
}
