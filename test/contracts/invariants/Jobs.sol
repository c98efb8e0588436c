// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, Receipt, Request, Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Job} from "./Ledger.sol";
import {World} from "./World.sol";

/// @notice A fill, and which of its parts are what they claim to be.
/// @param place The job that it came from.
/// @param ordered The payer agreed to this very request.
/// @param answered The provider signed this very answer.
struct Draft {
    Fill fill;
    uint256 place;
    bool ordered;
    bool answered;
    bool owed;
}

/// @title Requests, their answers, and forgeries of both
abstract contract Jobs is World {
    /// Older jobs are left alone, so that the ones in play meet often enough.
    uint256 private constant IN_PLAY = 24;
    uint256 private constant NONCES = 24;

    /// @param unnamed Names no payer: a vault has to find one.
    function _newJob(bool locked, bool unnamed) internal returns (uint256 place) {
        Job storage job = _jobs.push();
        place = _jobs.length - 1;
        Request storage request = job.request;
        request.payer = unnamed ? address(0) : _anyPayer();
        request.provider = _anyProvider();
        request.verifier = _oneIn(6) ? address(CREDULOUS) : address(STRICT);
        // Whoever has no code takes the call, and a contract without the function fails it: neither may matter.
        request.consumer =
            _oneIn(8)
                ? address(STRICT)
                : _oneIn(8)
                    ? MALLORY
                    : address(0);
        request.input = keccak256(abi.encode("input", place));
        request.price = uint96(_oneIn(4) ? 1 + _roll(300) : 1 + _roll(20e6));
        request.proverFee = uint96(
            _oneIn(12) ? _roll(2 * uint256(request.price)) : _roll(uint256(request.price) / 4 + 1)
        );
        request.penalty = uint96(_oneIn(8) ? 0 : _roll(20e6));
        request.deadline = _newDeadline();
        request.locked = locked;
        request.nonce = _roll(NONCES);
        if (locked && _oneIn(16)) request.price = 0;

        job.id = ESCROW.idOf(request);
        job.agreed = !locked && !_oneIn(8);
        _placeOf[job.id] = _jobs.length;
        _answer(job);
    }

    /// @dev A recent job.
    function _pick() internal returns (uint256) {
        uint256 inPlay = _jobs.length < IN_PLAY ? _jobs.length : IN_PLAY;
        return _jobs.length - 1 - _roll(inPlay);
    }

    function _draft(uint256 place) internal returns (Draft memory draft) {
        Job storage job = _jobs[place];
        bool second = job.answers == 2 && _oneIn(2);
        Fill memory fill = draft.fill;
        draft.place = place;
        draft.ordered = job.request.locked || job.agreed;
        draft.answered = job.answers != 0;

        fill.request = job.request;
        fill.output = second ? job.output2 : job.output;
        fill.charge = second ? job.charge2 : job.charge;
        fill.prover =
            _oneIn(4)
                ? _anyone()
                : _oneIn(2)
                    ? VERA
                    : VIKTOR;
        if (!job.request.locked) fill.signature = _sign(job.agreed ? job.request.payer : MALLORY, job.id);
        fill.receipt = _signReceipt(draft.answered ? job.request.provider : MALLORY, job.id, fill.output, fill.charge);
        if (_oneIn(4)) _forge(draft, job.id);
    }

    function _signReceipt(
        address signer,
        bytes32 id,
        bytes32 output,
        uint96 charge
    ) internal view returns (Signature memory) {
        return _sign(signer, ESCROW.digestOf(Receipt(id, output, charge)));
    }

    function _feeOf(uint256 charge) internal view returns (uint256) {
        return (charge * FEE) / 10_000;
    }

    /// @dev Whether both sides agreed to an answer that can be paid, leaving time and money aside.
    function _isAgreed(Draft memory draft) internal view returns (bool) {
        Request memory request = draft.fill.request;
        uint256 charge = draft.fill.charge;
        if (!draft.ordered || !draft.answered || charge == 0 || charge > request.price) return false;
        return request.proverFee + _feeOf(charge) <= charge;
    }

    function _newDeadline() private returns (uint40) {
        uint256 kind = _roll(20);
        if (kind == 0) return uint40(block.timestamp + DELAY + 1);
        if (kind == 1) return uint40(block.timestamp);
        if (kind == 2) return uint40(block.timestamp - 1);
        return uint40(block.timestamp + (kind < 6 ? DELAY : 1 + _roll(DELAY)));
    }

    function _answer(Job storage job) private {
        Request storage request = job.request;
        job.output = keccak256(abi.encode("output", job.id));
        job.output2 = _oneIn(2) ? job.output : keccak256(abi.encode("another output", job.id));
        job.charge = uint96(
            _oneIn(16) ? uint256(request.price) + 1 : request.price - _roll(uint256(request.price) / 2 + 1)
        );
        if (_oneIn(24)) job.charge = 0;
        job.charge2 = job.charge / 2 + 1;
        if (job.charge2 == job.charge) ++job.charge2;
        if (request.provider == REX) job.answers = 2;
        else if (request.provider != SILAS && !_oneIn(8)) job.answers = 1;
    }

    function _forge(Draft memory draft, bytes32 id) private {
        Fill memory fill = draft.fill;
        uint256 kind = _roll(12);
        if (kind == 0) fill.prover = address(0);
        else if (kind == 1) fill.receipt = Signature(0, 0);
        else if (kind == 2) fill.receipt = _signReceipt(MALLORY, id, fill.output, fill.charge);
        else if (kind == 3) fill.charge += 1;
        else if (kind == 4) fill.output = keccak256(abi.encode("never answered"));
        else if (kind == 5) fill.signature = Signature(0, 0);
        else if (kind == 6) fill.signature = _sign(MALLORY, id);
        else _alter(fill.request, kind);

        // What is altered is another request, which nobody signed.
        if (kind > 0 && kind != 5 && kind != 6) draft.answered = false;
        if (kind > 6 || (kind > 4 && !fill.request.locked)) draft.ordered = false;
    }

    function _alter(Request memory request, uint256 kind) private view {
        if (kind == 7) request.price += 1e6;
        else if (kind == 8) request.deadline += 1 days;
        else if (kind == 9) request.nonce += 1;
        else if (kind == 10) request.locked = !request.locked;
        else request.payer = request.payer == ALICE ? BOB : ALICE;
    }
}
