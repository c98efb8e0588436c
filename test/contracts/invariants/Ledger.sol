// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";

/// @title The numbers of docs/properties.md
library Rules {
    uint256 internal constant SOLVENCY = 1;
    uint256 internal constant CONSERVATION = 2;
    uint256 internal constant ONCE = 3;
    uint256 internal constant CONSENT = 4;
    uint256 internal constant FUNDS_STAY = 5;
    uint256 internal constant STAKE_STAYS = 6;
    uint256 internal constant NOTHING_STUCK = 7;
    uint256 internal constant SENDER_BLIND = 8;
    uint256 internal constant SKIP_IS_NOTHING = 9;
    uint256 internal constant EXACT_SPLIT = 10;
    uint256 internal constant KEPT_WORD = 11;
    uint256 internal constant LOCK_RETURNS = 12;
    uint256 internal constant CLOCK = 13;
    uint256 internal constant NAMED_REFUSAL = 14;
}

/// @notice Things worth counting within an action.
enum Sight {
    PushRefused,
    VaultOpened,
    AuthorizationFrontRun,
    BatchRefused,
    FillMalformed,
    FillExpired,
    FillClosed,
    FillUnderfunded,
    FillUnsigned,
    LockPaid,
    TabPaid,
    RoutesCompared,
    ProviderLeft,
    PayerLeft
}

/// @notice A tab as it should be. `exitStarted` is zero when no exit runs.
struct ExpectedTab {
    uint96 funds;
    uint96 stake;
    uint40 exitStarted;
}

/// @notice A request, and what the parties did about it: the facts that the escrow can only infer.
/// @param agreed The payer signed it.
/// @param answers How many different answers its provider signed: the first is `output` and `charge`.
/// @param payer Whose lock it is, once opened.
/// @param inVault What arrived at its vault and was not collected.
struct Job {
    Request request;
    bytes32 id;
    bytes32 output;
    bytes32 output2;
    uint96 charge;
    uint96 charge2;
    uint8 answers;
    bool agreed;
    uint256 penaltyTaken;
    LockState state;
    address payer;
    uint256 inVault;
}

/// @title The accounts as they should be, kept without asking the escrow
abstract contract Ledger {
    Job[] internal _jobs;
    mapping(bytes32 id => uint256 place) internal _placeOf;
    mapping(address payer => mapping(address provider => ExpectedTab)) internal _expectedTabs;
    mapping(address payer => mapping(address provider => mapping(uint256 nonce => bool))) internal _expectedNonces;
    mapping(address account => uint256) internal _expectedBalances;
    mapping(address account => uint256) internal _expectedWallets;
    uint256 internal _moneyIn;
    uint256 internal _moneyOut;
    uint256 internal _donated;

    /// The first breach of each rule, empty while it holds.
    mapping(uint256 rule => bytes32) private _breaches;
    /// @notice How often each action succeeded.
    mapping(bytes4 action => uint256) public successes;
    /// @notice How often each of them happened.
    mapping(Sight what => uint256) public sightings;

    error Breached(uint256 rule, string what);

    function checkRule(uint256 rule) external view {
        bytes32 what = _breaches[rule];
        if (what != 0) revert Breached(rule, _textOf(what));
    }

    /// @dev Short texts travel in a word: in storage and in code they cost a tenth of a string.
    function _textOf(bytes32 word) internal pure returns (string memory) {
        uint256 length = 0;
        while (length < 32 && word[length] != 0) {
            ++length;
        }
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            text[i] = word[i];
        }
        return string(text);
    }

    function _breach(uint256 rule, bytes32 what) internal {
        if (_breaches[rule] == 0) _breaches[rule] = what;
    }

    function _see(Sight what) internal {
        ++sightings[what];
    }

    function _bookPull(address from, uint256 amount) internal {
        _expectedWallets[from] -= amount;
        _moneyIn += amount;
    }

    function _bookPush(address to, uint256 amount) internal {
        _expectedWallets[to] += amount;
        _moneyOut += amount;
    }

    function _bookOpening(Job storage job, address payer) internal {
        job.state = LockState.Open;
        job.payer = payer;
    }

    function _bookSettlement(Job storage job, address prover, uint256 charge, uint256 fee, address feeTo) internal {
        Request storage request = job.request;
        if (request.locked) {
            job.state = LockState.Settled;
            _expectedBalances[job.payer] += request.price - charge;
        } else {
            _expectedNonces[request.payer][request.provider][request.nonce] = true;
            _expectedTabs[request.payer][request.provider].funds -= uint96(charge);
        }
        _expectedBalances[prover] += request.proverFee;
        _expectedBalances[feeTo] += fee;
        _expectedBalances[request.provider] += charge - fee - request.proverFee;
    }

    function _bookPenalty(Job storage job, address payer, uint256 amount) internal {
        job.penaltyTaken += amount;
        _expectedTabs[payer][job.request.provider].stake -= uint96(amount);
        _expectedBalances[payer] += amount;
    }
}
