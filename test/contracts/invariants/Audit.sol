// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authorization, Lock, LockState, Request, Tab} from "../../../contracts/interfaces/IEscrow.sol";
import {ExitHandler} from "./ExitHandler.sol";
import {ExpectedTab, Job} from "./Ledger.sol";

/// @title The books, read from the escrow and compared with the ledger
abstract contract Audit is ExitHandler {
    error Differs(string what, uint256 actual, uint256 expected);
    error Stuck(bytes call, bytes reason);

    /// @notice Nothing but what the escrow's views show: its tokens, and what it owes.
    function solvency() public view returns (uint256 held, uint256 owed) {
        held = TOKEN.balanceOf(address(ESCROW));
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                Tab memory tab = ESCROW.tabOf(_payers[i], _providers[j]);
                owed += uint256(tab.funds) + tab.stake;
            }
        }
        for (uint256 i = 0; i < _everyone.length; ++i) {
            owed += ESCROW.balanceOf(_everyone[i]);
        }
        for (uint256 i = 0; i < _jobs.length; ++i) {
            if (ESCROW.lockOf(_jobs[i].id).state == LockState.Open) owed += _jobs[i].request.price;
        }
    }

    /// @notice Every account of the escrow, every wallet, and their sum, to the unit.
    function checkBooks() external view {
        for (uint256 i = 0; i < _everyone.length; ++i) {
            address account = _everyone[i];
            _same("balance", ESCROW.balanceOf(account), _expectedBalances[account]);
            _same("wallet", TOKEN.balanceOf(account), _expectedWallets[account]);
        }
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                ExpectedTab memory expected = _expectedTabs[_payers[i]][_providers[j]];
                Tab memory tab = ESCROW.tabOf(_payers[i], _providers[j]);
                _same("funds", tab.funds, expected.funds);
                _same("stake", tab.stake, expected.stake);
            }
        }
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Lock memory lock = ESCROW.lockOf(_jobs[i].id);
            _same("lock", uint256(lock.state), uint256(_jobs[i].state));
            _same("lock's payer", uint160(lock.payer), uint160(_jobs[i].payer));
        }
        (uint256 held, uint256 owed) = solvency();
        _same("tokens", held, _moneyIn - _moneyOut + _donated);
        _same("debts", owed, _moneyIn - _moneyOut);
    }

    function checkOnce() external view {
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Request storage request = _jobs[i].request;
            bool used = ESCROW.isNonceUsed(request.payer, request.provider, request.nonce);
            bool expected = _expectedNonces[request.payer][request.provider][request.nonce];
            _same("nonce", used ? 1 : 0, expected ? 1 : 0);
            _same("penalty", ESCROW.penaltyOf(_jobs[i].id), _jobs[i].penaltyTaken);
        }
    }

    function checkClocks() external view {
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                uint256 started = _expectedTabs[_payers[i]][_providers[j]].exitStarted;
                uint256 exitAt = ESCROW.tabOf(_payers[i], _providers[j]).exitAt;
                _same("exitAt", exitAt, started == 0 ? 0 : started + DELAY);
            }
        }
    }

    /// @notice Everybody takes everything, and only gifts are left. Nobody needs another's help: each lock goes back by
    /// a stranger, each tab by its party.
    function drain() external {
        TOKEN.setPaused(false);
        TOKEN.setBlacklisted(address(ESCROW), false);
        for (uint256 i = 0; i < _everyone.length; ++i) {
            TOKEN.setBlacklisted(_everyone[i], false);
        }
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                _startMissing(_payers[i], _providers[j]);
            }
        }
        vm.warp(block.timestamp + 2 * DELAY + 1);
        for (uint256 i = 0; i < _jobs.length; ++i) {
            _emptyJob(_jobs[i]);
        }
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                _leave(_payers[i], _providers[j]);
            }
        }
        for (uint256 i = 0; i < _everyone.length; ++i) {
            uint256 balance = ESCROW.balanceOf(_everyone[i]);
            if (balance != 0) _must(_everyone[i], abi.encodeCall(ESCROW.withdraw, (_everyone[i], balance)));
        }
        _same("tokens after everybody left", TOKEN.balanceOf(address(ESCROW)), _donated);
    }

    function _startMissing(address payer, address provider) private {
        if (ESCROW.tabOf(payer, provider).exitAt != 0) return;
        _must(provider, abi.encodeCall(ESCROW.startExit, (payer, provider)));
    }

    function _leave(address payer, address provider) private {
        _must(payer, abi.encodeCall(ESCROW.exit, (payer, provider)));
        if (payer != provider) _must(provider, abi.encodeCall(ESCROW.exit, (payer, provider)));
    }

    function _emptyJob(Job storage job) private {
        Request memory request = job.request;
        if (ESCROW.lockOf(job.id).state == LockState.Open) _must(MALLORY, abi.encodeCall(ESCROW.reclaim, (request)));
        if (TOKEN.balanceOf(ESCROW.vaultOf(job.id)) == 0) return;
        Authorization memory authorization;
        authorization.from = ALICE;
        address sender = request.payer == address(0) ? request.provider : MALLORY;
        _must(sender, abi.encodeCall(ESCROW.openFromVault, (request, authorization)));
    }

    function _must(address sender, bytes memory data) private {
        vm.prank(sender);
        (bool success, bytes memory reason) = address(ESCROW).call(data);
        if (!success) revert Stuck(data, reason);
    }

    function _same(bytes32 what, uint256 actual, uint256 expected) private pure {
        if (actual != expected) revert Differs(_textOf(what), actual, expected);
    }
}
