// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LockState, Request, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Draft} from "./Jobs.sol";
import {Job, Rules} from "./Ledger.sol";
import {SettleHandler} from "./SettleHandler.sol";

/// @notice The arguments of `contradict` that follow the request.
struct Answers {
    bytes32 output;
    uint96 charge;
    Signature receipt;
    bytes32 output2;
    uint96 charge2;
    Signature receipt2;
}

/// @title Broken promises, real and alleged
abstract contract PenaltyHandler is SettleHandler {
    function slash(uint256 seed) external {
        _begin(seed);
        Draft memory draft = _draft(_pickPast());
        Job storage job = _jobs[draft.place];
        Request memory request = draft.fill.request;
        bool unpaid =
            request.locked
                ? job.state == LockState.Open || job.state == LockState.Reclaimed
                : _canPay(request, draft.fill.charge);
        bool allowed = block.timestamp > request.deadline && _isAgreed(draft) && unpaid && _canPenalise(job);

        bytes memory data = abi.encodeCall(
            ESCROW.slash,
            (request, draft.fill.signature, draft.fill.output, draft.fill.charge, draft.fill.receipt)
        );
        _penalise(job, data, allowed, "slashed without a broken promise");
    }

    function contradict(uint256 seed) external {
        _begin(seed);
        Job storage job = _jobs[_pickContradicted()];
        (Answers memory answers, bool contradictory) = _answersTo(job);
        Request memory request = job.request;
        if (_oneIn(12)) {
            request.penalty += 1e6;
            contradictory = false;
        }
        bool opened = !request.locked || job.state != LockState.None;
        bool allowed = contradictory && opened && _canPenalise(job);

        bytes memory data = abi.encodeCall(
            ESCROW.contradict,
            (
                request,
                answers.output,
                answers.charge,
                answers.receipt,
                answers.output2,
                answers.charge2,
                answers.receipt2
            )
        );
        _penalise(job, data, allowed, "penalised without contradiction");
    }

    function _penalise(Job storage job, bytes memory data, bool allowed, bytes32 what) private {
        address payer = _payerOf(job);
        uint256 amount = _takeable(job);
        if (allowed) _permit(Falls.Stake, payer, job.request.provider, amount);
        uint256 rule = job.penaltyTaken == job.request.penalty ? Rules.ONCE : Rules.KEPT_WORD;
        (bool happened, ) = _act(_anyone(), data, allowed, rule, what);
        if (!happened) return;

        _bookPenalty(job, payer, amount);
        if (ESCROW.balanceOf(payer) != _expectedBalances[payer]) {
            _breach(Rules.KEPT_WORD, "a penalty went astray");
        }
    }

    /// @dev The two real answers, if there are two, else what somebody without proof of two would try.
    function _answersTo(Job storage job) private returns (Answers memory answers, bool contradictory) {
        address provider = job.request.provider;
        answers.output = job.output;
        answers.charge = job.charge;
        answers.receipt = _signReceipt(job.answers == 0 ? MALLORY : provider, job.id, job.output, job.charge);
        answers.output2 = job.output2;
        answers.charge2 = job.charge2;
        contradictory = job.answers == 2 && !_oneIn(6);
        if (contradictory) {
            answers.receipt2 = _signReceipt(provider, job.id, job.output2, job.charge2);
        } else if (_oneIn(2)) {
            answers.receipt2 = _signReceipt(MALLORY, job.id, job.output2, job.charge2);
        } else {
            (answers.output2, answers.charge2, answers.receipt2) = (answers.output, answers.charge, answers.receipt);
        }
        if (_oneIn(2)) {
            (answers.output, answers.output2) = (answers.output2, answers.output);
            (answers.charge, answers.charge2) = (answers.charge2, answers.charge);
            (answers.receipt, answers.receipt2) = (answers.receipt2, answers.receipt);
        }
    }

    function _canPay(Request memory request, uint256 charge) private view returns (bool) {
        return
            !_expectedNonces[request.payer][request.provider][request.nonce] &&
            _expectedTabs[request.payer][request.provider].funds >= charge;
    }

    function _canPenalise(Job storage job) private view returns (bool) {
        return _takeable(job) != 0;
    }

    function _takeable(Job storage job) private view returns (uint256) {
        uint256 stakeLeft = _expectedTabs[_payerOf(job)][job.request.provider].stake;
        uint256 owed = job.request.penalty - job.penaltyTaken;
        return owed < stakeLeft ? owed : stakeLeft;
    }

    function _payerOf(Job storage job) private view returns (address) {
        return job.request.locked ? job.payer : job.request.payer;
    }

    /// @dev A job whose deadline has passed, if a few tries find one.
    function _pickPast() private returns (uint256 place) {
        for (uint256 i = 0; i < 8; ++i) {
            place = _pick();
            if (_jobs[place].request.deadline < block.timestamp && _jobs[place].answers != 0) return place;
        }
    }

    /// @dev A job with two answers, if a few tries find one.
    function _pickContradicted() private returns (uint256 place) {
        for (uint256 i = 0; i < 8; ++i) {
            place = _pick();
            if (_jobs[place].answers == 2 && _jobs[place].penaltyTaken < _jobs[place].request.penalty) return place;
        }
    }
}
