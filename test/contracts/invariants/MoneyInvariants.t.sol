// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";
import {Rules} from "./Ledger.sol";

struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

/// @title Random lives of an escrow, each step of which keeps the numbered properties of docs/properties.md
abstract contract Lives {
    Handler internal _handler;

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _handler.actions());
    }
}

/// @title The properties that a fee could break
abstract contract MoneySums is Lives {
    error Unbacked(uint256 held, uint256 owed);

    function invariant_1_solvency() external view {
        (uint256 held, uint256 owed) = _handler.solvency();
        if (held < owed) revert Unbacked(held, owed);
    }

    function invariant_2_conservation() external view {
        _handler.checkBooks();
        _handler.checkRule(Rules.CONSERVATION);
    }

    function invariant_10_exactSplit() external view {
        _handler.checkRule(Rules.EXACT_SPLIT);
    }
}

/// @title The properties, where there is a fee
contract MoneyWithFee is MoneySums {
    function setUp() external {
        _handler = new Handler(137);
    }

    function invariant_3_once() external view {
        _handler.checkOnce();
        _handler.checkRule(Rules.ONCE);
    }

    function invariant_4_consent() external view {
        _handler.checkRule(Rules.CONSENT);
    }

    function invariant_5_fundsStay() external view {
        _handler.checkRule(Rules.FUNDS_STAY);
    }

    function invariant_6_stakeStays() external view {
        _handler.checkRule(Rules.STAKE_STAYS);
    }

    function invariant_8_senderBlind() external view {
        _handler.checkRule(Rules.SENDER_BLIND);
    }

    function invariant_9_skipIsNothing() external view {
        _handler.checkRule(Rules.SKIP_IS_NOTHING);
    }

    function invariant_11_keptWord() external view {
        _handler.checkRule(Rules.KEPT_WORD);
    }

    function invariant_12_lockReturns() external view {
        _handler.checkRule(Rules.LOCK_RETURNS);
    }

    function invariant_13_clock() external view {
        _handler.checkClocks();
        _handler.checkRule(Rules.CLOCK);
    }

    function invariant_14_namedRefusal() external view {
        _handler.checkRule(Rules.NAMED_REFUSAL);
    }
}

/// @title Nothing is stuck
/// @dev Apart from the others, since here each run ends with everybody leaving.
contract MoneyLeaves is Lives {
    function setUp() external {
        _handler = new Handler(137);
    }

    function afterInvariant() external {
        _handler.drain();
    }

    function invariant_7_nothingStuck() external view {
        _handler.checkRule(Rules.NOTHING_STUCK);
    }
}

/// @title The sums again, where there is no fee
contract MoneyWithoutFee is MoneySums {
    function setUp() external {
        _handler = new Handler(0);
    }
}
