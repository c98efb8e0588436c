// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim} from "../../../contracts/interfaces/IVerifier.sol";
import {Draft} from "./Jobs.sol";
import {Job, Rules, Sight} from "./Ledger.sol";
import {VaultHandler} from "./VaultHandler.sol";

/// @title Batches of good, bad, repeated and late fills, with proofs that hold and proofs that do not
abstract contract SettleHandler is VaultHandler {
    uint256 private constant LARGEST_BATCH = 5;

    /// The state that a settlement led to, carried out of a call that must leave nothing behind.
    error Probed(bytes32 state);

    /// @dev An agent asks through its tab, and gets whatever answer its provider gives.
    function ask(uint256 seed) external {
        _begin(seed);
        _newJob(false, false);
        _newJob(false, false);
        ++successes[msg.sig];
    }

    function settle(uint256 seed) external {
        _begin(seed);
        _settleSome(2 + _roll(LARGEST_BATCH - 1));
    }

    function settleOne(uint256 seed) external {
        _begin(seed);
        _settleSome(1);
    }

    /// @notice Settles as `sender` would, and reverts with the state that followed.
    function probe(address sender, Fill[] calldata fills, bytes calldata proof) external {
        vm.prank(sender);
        ESCROW.settle(fills, proof);
        revert Probed(_stateDigest());
    }

    function _settleSome(uint256 count) private {
        Draft[] memory drafts = _newBatch(count);
        Fill[] memory fills = _fillsOf(drafts, false);
        bytes memory proof = STRICT.prove(_claimsOf(fills));
        bool proven = true;
        uint256 fault = _roll(10);
        if (fault == 0) {
            proof = abi.encode(_turn);
            proven = false;
        } else if (fault == 1 && fills[0].prover != MALLORY) {
            // A copied proof pays the one who made it, and nobody else.
            fills[0].prover = MALLORY;
            proven = false;
        }

        address verifier = fills[0].request.verifier;
        bool alike = true;
        uint256 owed;
        for (uint256 i = 0; i < drafts.length; ++i) {
            if (fills[i].request.verifier != verifier) alike = false;
            drafts[i].owed = _isOwed(drafts, i);
            if (drafts[i].owed) ++owed;
        }
        bool allowed = alike && (owed == 0 || proven || verifier == address(CREDULOUS));
        if (!allowed) owed = 0;
        if (allowed && _oneIn(5)) _compareRoutes(drafts, proof);
        _settle(drafts, fills, proof, owed, allowed);
    }

    function _settle(
        Draft[] memory drafts,
        Fill[] memory fills,
        bytes memory proof,
        uint256 owed,
        bool allowed
    ) private {
        for (uint256 i = 0; allowed && i < drafts.length; ++i) {
            if (drafts[i].owed) _permitSettlement(drafts[i]);
        }
        bytes memory data = abi.encodeCall(ESCROW.settle, (fills, proof));
        (bool happened, bytes memory returned) = _act(_anyone(), data, allowed, Rules.CONSENT, "a bad batch settled");
        if (!happened) return _see(Sight.BatchRefused);

        uint256 settled = abi.decode(returned, (uint256));
        if (settled > owed) _breach(Rules.CONSENT, "a fill was paid, not owed");
        if (settled < owed) _breach(Rules.NOTHING_STUCK, "an owed fill was skipped");
        for (uint256 i = 0; i < drafts.length; ++i) {
            if (!drafts[i].owed) continue;
            Fill memory fill = fills[i];
            _see(fill.request.locked ? Sight.LockPaid : Sight.TabPaid);
            _bookSettlement(_jobs[drafts[i].place], fill.prover, fill.charge, _feeOf(fill.charge), FEES);
        }
        for (uint256 i = 0; i < _everyone.length; ++i) {
            if (ESCROW.balanceOf(_everyone[i]) != _expectedBalances[_everyone[i]]) {
                _breach(Rules.EXACT_SPLIT, "a share is not exact");
            }
        }
    }

    /// @dev The same batch by two senders, and without the fills that will be skipped.
    function _compareRoutes(Draft[] memory drafts, bytes memory proof) private {
        Fill[] memory fills = _fillsOf(drafts, false);
        bytes32 state = _probeAs(_anyone(), fills, proof);
        if (state != _probeAs(_anyone(), fills, proof)) {
            _breach(Rules.SENDER_BLIND, "senders settled differently");
        }
        Fill[] memory owedFills = _fillsOf(drafts, true);
        bytes32 withoutSkips = _probeAs(_anyone(), owedFills, STRICT.prove(_claimsOf(owedFills)));
        if (state != withoutSkips) _breach(Rules.SKIP_IS_NOTHING, "a skipped fill left a trace");
        _see(Sight.RoutesCompared);
    }

    function _probeAs(address sender, Fill[] memory fills, bytes memory proof) private returns (bytes32 state) {
        try this.probe(sender, fills, proof) {} catch (bytes memory reason) {
            return keccak256(reason);
        }
    }

    /// @dev All that the views show of the accounts and jobs, and all wallets.
    function _stateDigest() private view returns (bytes32 digest) {
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                digest = keccak256(abi.encode(digest, ESCROW.tabOf(_payers[i], _providers[j])));
            }
        }
        for (uint256 i = 0; i < _everyone.length; ++i) {
            address account = _everyone[i];
            digest = keccak256(abi.encode(digest, ESCROW.balanceOf(account), TOKEN.balanceOf(account)));
        }
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Request storage request = _jobs[i].request;
            bytes32 id = _jobs[i].id;
            bool used = ESCROW.isNonceUsed(request.payer, request.provider, request.nonce);
            digest = keccak256(abi.encode(digest, ESCROW.lockOf(id), ESCROW.penaltyOf(id), used));
        }
    }

    function _newBatch(uint256 size) private returns (Draft[] memory drafts) {
        drafts = new Draft[](size);
        drafts[0] = _draft(_pickPayable());
        bool mayMix = _oneIn(12);
        for (uint256 i = 1; i < drafts.length; ++i) {
            uint256 place = _pickPayable();
            bool alike = _jobs[place].request.verifier == drafts[0].fill.request.verifier;
            drafts[i] = _draft((alike || mayMix) && !_oneIn(12) ? place : drafts[0].place);
        }
    }

    /// @dev A job whose answer can still be paid, if a few tries find one.
    function _pickPayable() private returns (uint256 place) {
        for (uint256 i = 0; i < 8; ++i) {
            place = _pick();
            Job storage job = _jobs[place];
            Request storage request = job.request;
            if (job.answers == 0 || request.deadline < block.timestamp) continue;
            if (request.locked && job.state == LockState.Open) return place;
            if (!request.locked && !_expectedNonces[request.payer][request.provider][request.nonce]) return place;
        }
    }

    /// @dev Whether a fill is owed after those before it in the batch.
    function _isOwed(Draft[] memory drafts, uint256 index) private view returns (bool) {
        Draft memory draft = drafts[index];
        Request memory request = draft.fill.request;
        if (draft.fill.prover == address(0) || block.timestamp > request.deadline || !_isAgreed(draft)) return false;

        uint256 drawn;
        for (uint256 i = 0; i < index; ++i) {
            Request memory earlier = drafts[i].fill.request;
            if (!drafts[i].owed) continue;
            if (drafts[i].place == draft.place) return false;
            if (earlier.locked || earlier.payer != request.payer || earlier.provider != request.provider) continue;
            if (earlier.nonce == request.nonce && !request.locked) return false;
            drawn += drafts[i].fill.charge;
        }
        if (request.locked) return _jobs[draft.place].state == LockState.Open;
        return
            !_expectedNonces[request.payer][request.provider][request.nonce] &&
            _expectedTabs[request.payer][request.provider].funds >= drawn + draft.fill.charge;
    }

    function _permitSettlement(Draft memory draft) private {
        Request memory request = draft.fill.request;
        if (request.locked) _permitLock(_jobs[draft.place].id, LockState.Settled);
        else _permit(Falls.Funds, request.payer, request.provider, draft.fill.charge);
    }

    function _fillsOf(Draft[] memory drafts, bool owedOnly) private pure returns (Fill[] memory fills) {
        fills = new Fill[](drafts.length);
        uint256 count;
        for (uint256 i = 0; i < drafts.length; ++i) {
            if (!owedOnly || drafts[i].owed) fills[count++] = drafts[i].fill;
        }
        assembly ("memory-safe") {
            mstore(fills, count)
        }
    }

    function _claimsOf(Fill[] memory fills) private view returns (Claim[] memory claims) {
        claims = new Claim[](fills.length);
        for (uint256 i = 0; i < fills.length; ++i) {
            Fill memory fill = fills[i];
            bytes32 id = ESCROW.idOf(fill.request);
            bytes32 context = ESCROW.contextOf(id, fill.prover);
            claims[i] = Claim(id, fill.request.model, fill.request.input, fill.output, fill.charge, context);
        }
    }
}
