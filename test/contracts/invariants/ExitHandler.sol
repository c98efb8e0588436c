// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExpectedTab, Rules, Sight} from "./Ledger.sol";
import {PenaltyHandler} from "./PenaltyHandler.sol";

/// @title Money out of tabs and balances
abstract contract ExitHandler is PenaltyHandler {
    function startExit(uint256 seed) external {
        _begin(seed);
        (address payer, address provider) = (_anyPayer(), _anyProvider());
        address sender = _mostly(_oneIn(2) ? payer : provider);
        ExpectedTab storage tab = _expectedTabs[payer][provider];
        bool allowed = (sender == payer || sender == provider) && tab.exitStarted == 0;

        bytes memory data = abi.encodeCall(ESCROW.startExit, (payer, provider));
        (bool happened, ) = _act(sender, data, allowed, Rules.CLOCK, "exit restarted, or by a stranger");
        if (happened) tab.exitStarted = uint40(block.timestamp);
    }

    function exit(uint256 seed) external {
        _begin(seed);
        (address payer, address provider) = _pickExiting();
        address sender = _mostly(_oneIn(2) ? payer : provider);
        ExpectedTab storage tab = _expectedTabs[payer][provider];
        bool running = tab.exitStarted != 0;
        bool takesFunds = sender == payer && running && block.timestamp > tab.exitStarted + DELAY;
        bool takesStake = sender == provider && running && block.timestamp > tab.exitStarted + 2 * DELAY;

        uint256 amount = (takesFunds ? tab.funds : 0) + (takesStake ? tab.stake : 0);
        if (takesFunds) _permit(Falls.Funds, payer, provider, tab.funds);
        if (takesStake) _permit(Falls.Stake, payer, provider, tab.stake);
        uint256 rule = sender == provider ? Rules.STAKE_STAYS : Rules.FUNDS_STAY;
        bytes memory data = abi.encodeCall(ESCROW.exit, (payer, provider));
        (bool happened, ) = _act(sender, data, takesFunds || takesStake, rule, "an exit before its time");
        if (!happened) return;

        _see(takesStake ? Sight.ProviderLeft : Sight.PayerLeft);
        if (takesFunds) tab.funds = 0;
        if (takesStake) (tab.stake, tab.exitStarted) = (0, 0);
        _expectedBalances[sender] += amount;
    }

    function withdraw(uint256 seed) external {
        _begin(seed);
        address sender = _pickRich();
        address to =
            _oneIn(12)
                ? address(ESCROW)
                : _oneIn(2)
                    ? sender
                    : _anyone();
        uint256 balance = _expectedBalances[sender];
        uint256 kind = _roll(8);
        uint256 amount =
            kind == 0
                ? balance + 1
                : kind == 1
                    ? 0
                    : kind < 4
                        ? _roll(balance + 1)
                        : balance;
        bool allowed = to != address(ESCROW) && amount != 0 && amount <= balance && _canMove(address(ESCROW), to);

        if (allowed) _permit(Falls.Balance, sender, address(0), amount);
        bytes memory data = abi.encodeCall(ESCROW.withdraw, (to, amount));
        (bool happened, ) = _act(sender, data, allowed, Rules.CONSERVATION, "withdrew more than there was");
        if (!happened) return;

        _expectedBalances[sender] -= amount;
        _bookPush(to, amount);
    }

    /// @dev A tab that its payer can leave, if a few tries find one.
    function _pickExiting() private returns (address payer, address provider) {
        for (uint256 i = 0; i < 8; ++i) {
            (payer, provider) = (_anyPayer(), _anyProvider());
            uint256 started = _expectedTabs[payer][provider].exitStarted;
            if (started != 0 && block.timestamp > started + DELAY) break;
        }
    }

    /// @dev Somebody with a balance, if a few tries find one.
    function _pickRich() private returns (address account) {
        for (uint256 i = 0; i < 4; ++i) {
            account = _anyone();
            if (_expectedBalances[account] != 0) break;
        }
    }
}
