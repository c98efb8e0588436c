// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {Job, Rules, Sight} from "./Ledger.sol";
import {TabHandler} from "./TabHandler.sol";

/// @title Locks that their payers open, and locks that go back
abstract contract LockHandler is TabHandler {
    function open(uint256 seed) external {
        _begin(seed);
        Job storage job = _jobs[_oneIn(4) ? _pick() : _newJob(true, false)];
        Request memory request = job.request;
        address sender = _mostly(request.payer);

        if (sender == request.payer) _permit(Falls.Wallet, sender, address(0), request.price);
        bool allowed =
            request.locked &&
                sender == request.payer &&
                request.price != 0 &&
                _fits(request.deadline) &&
                job.state == LockState.None &&
                _canPull(sender, request.price);
        bytes memory data = abi.encodeCall(ESCROW.open, (request));
        (bool happened, ) = _act(sender, data, allowed, _ruleOfOpening(job), "opened what must stay closed");
        if (!happened) return;

        _bookPull(sender, request.price);
        _bookOpening(job, sender);
    }

    function reclaim(uint256 seed) external {
        _begin(seed);
        Job storage job = _jobs[_pickOpen()];
        Request memory request = job.request;
        address sender = _oneIn(3) ? request.provider : _anyone();
        bool allowed =
            job.state == LockState.Open && (sender == request.provider || block.timestamp > request.deadline);

        if (allowed) _permitLock(job.id, LockState.Reclaimed);
        bytes memory data = abi.encodeCall(ESCROW.reclaim, (request));
        (bool happened, ) = _act(sender, data, allowed, Rules.LOCK_RETURNS, "a lock went back early or twice");
        if (!happened) return;

        job.state = LockState.Reclaimed;
        if (_canMove(address(ESCROW), job.payer)) {
            _bookPush(job.payer, request.price);
        } else {
            _see(Sight.PushRefused);
            _expectedBalances[job.payer] += request.price;
        }
        if (ESCROW.balanceOf(job.payer) != _expectedBalances[job.payer]) {
            _breach(Rules.LOCK_RETURNS, "a lock went back astray");
        }
    }

    /// @dev An opening without its payer's leave, or of a lock that was open before, each breaks a rule of its own.
    function _ruleOfOpening(Job storage job) internal view returns (uint256) {
        return job.state == LockState.None ? Rules.CONSENT : Rules.ONCE;
    }

    /// @dev An open lock, if a few tries find one.
    function _pickOpen() internal returns (uint256 place) {
        for (uint256 i = 0; i < 6; ++i) {
            place = _pick();
            if (_jobs[place].state == LockState.Open) return place;
        }
    }
}
