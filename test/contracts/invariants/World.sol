// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow} from "../../../contracts/Escrow.sol";
import {IEscrow, LockState, Skip, Tab} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {HashVerifier} from "../../../contracts/mocks/HashVerifier.sol";
import {TestUSDC} from "../../../contracts/mocks/TestUSDC.sol";
import {Log} from "../helpers/Vm.sol";
import {Cast} from "./Cast.sol";
import {ExpectedTab, Job, Ledger, Rules, Sight} from "./Ledger.sol";

/// @title What an agent that wants its own tab back would sign for
contract CredulousVerifier is IVerifier {
    /// @inheritdoc IVerifier
    function verify(Claim[] calldata, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @title The contracts, one way to call them, and a look around after each call
/// @dev Before a call, an action permits what may fall by it, judged by the parties' own deeds. Whatever else falls is
/// a breach, whichever function was called.
abstract contract World is Cast, Ledger {
    enum Falls {
        Funds,
        Stake,
        Balance,
        Wallet,
        Lock
    }

    struct Permit {
        uint128 turn;
        uint128 amount;
    }

    uint256 internal constant DELAY = 1 days;
    uint256 internal constant WEALTH = 1e12;

    TestUSDC public immutable TOKEN;
    Escrow public immutable ESCROW;
    HashVerifier internal immutable STRICT;
    CredulousVerifier internal immutable CREDULOUS;
    uint256 internal immutable FEE;

    mapping(bytes32 key => Permit) private _permits;
    mapping(bytes32 id => uint256) private _timesClosed;
    mapping(address payer => mapping(address provider => mapping(uint256 nonce => uint256))) private _timesUsed;

    constructor(uint256 feeBps) {
        TOKEN = new TestUSDC();
        ESCROW = new Escrow(TOKEN, feeBps, feeBps == 0 ? address(0) : FEES);
        STRICT = new HashVerifier();
        CREDULOUS = new CredulousVerifier();
        FEE = feeBps;
        for (uint256 i = 0; i < _everyone.length; ++i) {
            TOKEN.mint(_everyone[i], WEALTH);
            _expectedWallets[_everyone[i]] = WEALTH;
            vm.prank(_everyone[i]);
            TOKEN.approve(address(ESCROW), type(uint256).max);
        }
    }

    function _permit(Falls what, address a, address b, uint256 amount) internal {
        _permitKey(keccak256(abi.encode(what, a, b)), amount);
    }

    function _permitLock(bytes32 id, LockState next) internal {
        _permitKey(keccak256(abi.encode(Falls.Lock, id, next)), 1);
    }

    /// @param allowed Whether the design lets this call succeed.
    /// @param rule What it breaks if it succeeds without.
    function _act(
        address sender,
        bytes memory data,
        bool allowed,
        uint256 rule,
        bytes32 what
    ) internal returns (bool happened, bytes memory returned) {
        vm.recordLogs();
        vm.prank(sender);
        (happened, returned) = address(ESCROW).call(data);
        // A call that failed has emitted nothing and moved nothing.
        if (happened) {
            _countEvents(vm.getRecordedLogs());
            _judge(bytes4(data) == ESCROW.settle.selector);
        }
        if (happened && !allowed) _breach(rule, what);
        if (!happened && allowed) _breach(Rules.NOTHING_STUCK, what);
        // An empty reason or a panic would tell the caller nothing.
        if (!happened && (returned.length < 4 || bytes4(returned) == bytes4(keccak256("Panic(uint256)")))) {
            _breach(Rules.NAMED_REFUSAL, what);
        }
        if (happened && allowed) ++successes[msg.sig];
        happened = happened && allowed;
    }

    /// @dev Whether the token lets the escrow, or a signature, move money.
    function _canMove(address from, address to) internal view returns (bool) {
        return !TOKEN.paused() && !TOKEN.isBlacklisted(from) && !TOKEN.isBlacklisted(to);
    }

    function _canPull(address from, uint256 amount) internal view returns (bool) {
        return _canMove(from, address(ESCROW)) && _expectedWallets[from] >= amount;
    }

    function _fits(uint256 deadline) internal view returns (bool) {
        return deadline >= block.timestamp && deadline - block.timestamp <= DELAY;
    }

    function _judge(bool settling) private {
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                _judgeTab(_payers[i], _providers[j], settling);
            }
        }
        for (uint256 i = 0; i < _everyone.length; ++i) {
            address account = _everyone[i];
            _judgeFall(Falls.Balance, account, _expectedBalances[account], ESCROW.balanceOf(account));
            _judgeFall(Falls.Wallet, account, _expectedWallets[account], TOKEN.balanceOf(account));
        }
        for (uint256 i = 0; i < _jobs.length; ++i) {
            if (_jobs[i].state == LockState.Open) _judgeLock(_jobs[i].id);
        }
    }

    function _judgeTab(address payer, address provider, bool settling) private {
        ExpectedTab memory before = _expectedTabs[payer][provider];
        Tab memory tab = ESCROW.tabOf(payer, provider);
        if (tab.funds < before.funds && before.funds - tab.funds > _permitted(Falls.Funds, payer, provider)) {
            // Silas signs nothing, so that only an exit brings a tab with him back.
            _breach(provider == SILAS || !settling ? Rules.FUNDS_STAY : Rules.CONSENT, "a tab's funds fell");
        }
        if (tab.stake < before.stake && before.stake - tab.stake > _permitted(Falls.Stake, payer, provider)) {
            _breach(Rules.STAKE_STAYS, "a tab's stake fell");
        }
    }

    function _judgeFall(Falls what, address account, uint256 before, uint256 present) private {
        if (present < before && before - present > _permitted(what, account, address(0))) {
            _breach(Rules.CONSENT, "a wallet or a balance fell");
        }
    }

    function _judgeLock(bytes32 id) private {
        LockState state = ESCROW.lockOf(id).state;
        if (state != LockState.Open && _permits[keccak256(abi.encode(Falls.Lock, id, state))].turn != _turn) {
            _breach(state == LockState.Settled ? Rules.CONSENT : Rules.LOCK_RETURNS, "a lock closed");
        }
    }

    function _countEvents(Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(ESCROW)) continue;
            bytes32 kind = logs[i].topics[0];
            bytes32 id = logs[i].topics[1];
            if (kind == IEscrow.Reclaimed.selector || kind == IEscrow.Settled.selector) {
                if (++_timesClosed[id] > 1) _breach(Rules.ONCE, "an id was paid twice");
            }
            if (kind == IEscrow.Settled.selector) _countSettlement(id);
            if (kind == IEscrow.Skipped.selector) _see(_sightOf(abi.decode(logs[i].data, (Skip))));
        }
    }

    function _countSettlement(bytes32 id) private {
        if (_placeOf[id] == 0) return _breach(Rules.CONSENT, "nobody made a request that paid");
        Job storage job = _jobs[_placeOf[id] - 1];
        if (job.request.locked) return;
        if (++_timesUsed[job.request.payer][job.request.provider][job.request.nonce] > 1) {
            _breach(Rules.ONCE, "a nonce paid twice");
        }
    }

    function _sightOf(Skip reason) private pure returns (Sight) {
        if (reason == Skip.Malformed) return Sight.FillMalformed;
        if (reason == Skip.Expired) return Sight.FillExpired;
        if (reason == Skip.Closed) return Sight.FillClosed;
        return reason == Skip.Underfunded ? Sight.FillUnderfunded : Sight.FillUnsigned;
    }

    function _permitKey(bytes32 key, uint256 amount) private {
        Permit storage permit = _permits[key];
        permit.amount = uint128((permit.turn == _turn ? permit.amount : 0) + amount);
        permit.turn = uint128(_turn);
    }

    function _permitted(Falls what, address a, address b) private view returns (uint256) {
        Permit storage permit = _permits[keccak256(abi.encode(what, a, b))];
        return permit.turn == _turn ? permit.amount : 0;
    }
}
