// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    Authorization,
    Fill,
    IEscrow,
    Lock,
    LockState,
    Receipt,
    Request,
    Signature,
    Skip,
    Tab
} from "./interfaces/IEscrow.sol";
import {IInferenceConsumer} from "./interfaces/IInferenceConsumer.sol";
import {Account, NonceWord} from "./libraries/Accounts.sol";
import {Digests} from "./libraries/Digests.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {VerifyCall} from "./libraries/VerifyCall.sol";
import {Vault} from "./Vault.sol";

/// @title The escrow
/// @notice Holds the money, and moves it on proof. See IEscrow, also for what this assumes of the parts it does not
/// control.
contract Escrow is IEscrow, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Signatures for Signature;
    using VerifyCall for bytes;

    /// @notice How long a tab's funds stay after its exit was started; its stake stays twice as long.
    uint256 public constant EXIT_DELAY = 1 days;
    uint256 public constant MAX_FEE_BPS = 500;
    /// @notice The gas that a consumer is called with.
    uint256 public constant CALLBACK_GAS = 200_000;
    /// @notice The least gas left for the token when a reclaimed lock is pushed to its payer.
    uint256 public constant PUSH_GAS = 200_000;

    uint256 private constant BPS = 10_000;
    /// @dev What a call costs before its gas is set aside, rounded up: encoding what the other is told, and two cold
    /// accounts, if the one that is called delegates to another (EIP-7702).
    uint256 private constant CALL_COST = 10_000;

    IERC20 public immutable TOKEN;
    uint256 public immutable FEE_BPS;
    address public immutable FEE_RECIPIENT;
    /// @notice The code that every vault is a clone of.
    Vault public immutable VAULT;

    mapping(address payer => mapping(address provider => Account)) private _accounts;
    mapping(bytes32 id => Lock) private _locks;
    mapping(bytes32 id => uint256 taken) private _penalties;
    mapping(address account => uint256) private _balances;

    constructor(IERC20 token, uint256 feeBps, address feeRecipient) EIP712("Assay", "1") {
        if (address(token).code.length == 0) revert TokenHasNoCode(address(token));
        if (feeBps > MAX_FEE_BPS) revert FeeTooHigh(feeBps, MAX_FEE_BPS);
        if ((feeBps == 0) != (feeRecipient == address(0))) revert FeeWithoutRecipient(feeBps, feeRecipient);

        TOKEN = token;
        FEE_BPS = feeBps;
        FEE_RECIPIENT = feeRecipient;
        VAULT = new Vault(token);
    }

    // Money in. The guard, and a balance read on both sides of each pull, come before effects that depend on the pull.

    /// @inheritdoc IEscrow
    function fund(address payer, address provider, uint96 amount) external nonReentrant {
        _addFunds(payer, provider, amount);
        _pull(amount);
    }

    /// @inheritdoc IEscrow
    function fundWithAuthorization(
        address payer,
        address provider,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        Signature calldata signature
    ) external nonReentrant {
        _addFunds(payer, provider, amount);

        uint256 held = TOKEN.balanceOf(address(this));
        (uint8 v, bytes32 s) = signature.unpack();
        bytes32 nonce = keccak256(abi.encode(provider, salt));
        IERC3009(address(TOKEN)).receiveWithAuthorization(
            payer,
            address(this),
            amount,
            validAfter,
            validBefore,
            nonce,
            v,
            signature.r,
            s
        );
        _checkReceived(held, amount);
    }

    /// @inheritdoc IEscrow
    function stake(address payer, uint96 amount) external nonReentrant {
        if (payer == address(0)) revert ZeroAddress();
        if (amount == 0) revert ZeroAmount();
        Tab storage tab = _accounts[payer][msg.sender].tab;
        if (amount > type(uint96).max - tab.stake) revert TabFull(tab.stake, amount);

        tab.stake += amount;
        emit Staked(payer, msg.sender, amount);

        _pull(amount);
    }

    /// @inheritdoc IEscrow
    function open(Request calldata request) external nonReentrant {
        bytes32 id = idOf(request);
        if (!request.locked) revert NotLocked(id);
        if (msg.sender != request.payer) revert NotPayer(msg.sender, request.payer);
        if (request.price == 0) revert ZeroAmount();
        if (!_isInTime(request.deadline)) {
            revert DeadlineOutOfRange(request.deadline, block.timestamp, block.timestamp + EXIT_DELAY);
        }
        if (_locks[id].state != LockState.None) revert WrongLockState(id, _locks[id].state);

        _open(id, request, msg.sender, false);

        _pull(request.price);
    }

    /// @inheritdoc IEscrow
    function openFromVault(Request calldata request, Authorization calldata authorization) external nonReentrant {
        bytes32 id = idOf(request);
        address payer = request.payer;
        if (payer == address(0)) {
            // Whoever may name the payer of arrived money can take that money: only the provider, whom the client paid.
            if (msg.sender != request.provider) revert NotProvider(msg.sender, request.provider);
            payer = authorization.from;
        }
        // Owed to nobody, or to the escrow itself, it would be lost.
        if (payer == address(0) || payer == address(this)) revert BadRecipient(payer);

        // What arrived decides what happens, so these calls come before the effects; the guard makes that safe.
        address vault = vaultOf(id);
        uint256 pulled = authorization.signature.r == 0 ? 0 : _pullIntoVault(vault, authorization);
        if (vault.code.length == 0) Clones.cloneDeterministic(address(VAULT), id);
        uint256 held = TOKEN.balanceOf(address(this));
        Vault(vault).sweep();
        uint256 received = TOKEN.balanceOf(address(this)) - held;

        // Money that came by another way is this payer's by the provider's word alone.
        bool vouched = request.payer == address(0) && pulled < received;
        uint256 surplus = received;
        if (request.locked && request.price != 0 && _isInTime(request.deadline) && _locks[id].state == LockState.None) {
            if (received < request.price) revert VaultShort(vault, received, request.price);
            surplus -= request.price;
            _open(id, request, payer, vouched);
        } else if (received == 0) {
            revert ZeroAmount();
        }
        if (surplus != 0) {
            _balances[payer] += surplus;
            emit Credited(id, payer, surplus, vouched);
        }
    }

    // Money between accounts

    /// @inheritdoc IEscrow
    function settle(Fill[] calldata fills, bytes calldata proof) external nonReentrant returns (uint256 settled) {
        if (fills.length == 0) return 0;
        address verifier = fills[0].request.verifier;
        bytes memory call = VerifyCall.allocate(fills.length, proof);
        address[] memory consumers = new address[](fills.length);
        uint256 consumersEnd = 0;
        bytes32 domain = _domainSeparatorV4();
        settled = fills.length;

        // Pay first: if the proof does not hold, the whole call reverts.
        for (uint256 i = 0; i < fills.length; ++i) {
            Fill calldata fill = fills[i];
            Request calldata request = fill.request;
            if (request.verifier != verifier) revert UnlikeVerifier(i, request.verifier, verifier);

            bytes32 id = Digests.inDomain(domain, Digests.hashRequestAsIs(request));
            uint256 charge = fill.charge;
            address prover = fill.prover;
            Skip reason = _pay(domain, id, fill, charge, prover);
            if (reason == Skip.None) {
                address consumer = request.consumer;
                if (consumer != address(0)) (consumers[i], consumersEnd) = (consumer, i + 1);
            } else {
                --settled;
                emit Skipped(id, reason);
            }
            // A skipped fill keeps its claim: the proof was made for all of them, before anyone could close one.
            VerifyCall.putFill(call, i, id, fill, charge, prover);
        }
        if (settled == 0) return 0;

        if (!call.holds(verifier)) revert ProofRejected(verifier);

        for (uint256 i = 0; i < consumersEnd; ++i) {
            if (consumers[i] != address(0)) {
                (bytes32 id, bytes32 output) = call.requestAndOutput(i);
                _notify(consumers[i], id, output);
            }
        }
    }

    /// @inheritdoc IEscrow
    function slash(
        Request calldata request,
        Signature calldata signature,
        bytes32 output,
        uint96 charge,
        Signature calldata receipt
    ) external nonReentrant {
        bytes32 id = idOf(request);
        if (block.timestamp <= request.deadline) revert TooEarly(block.timestamp, request.deadline);
        Skip reason;
        if (request.locked) {
            LockState state = _locks[id].state;
            // A provider that reclaims the lock still owes the answer that it signed.
            if (state != LockState.Open && state != LockState.Reclaimed) reason = Skip.Closed;
        } else {
            Account storage account = _accounts[request.payer][request.provider];
            if (account.isUsed(request.nonce)) reason = Skip.Closed;
            else if (account.tab.funds < charge) reason = Skip.Underfunded;
        }
        if (reason == Skip.None) reason = _whyNotAgreed(id, request, signature, output, charge, receipt);
        if (reason != Skip.None) revert NotOwed(id, reason);

        _penalise(id, request, _payerOf(id, request));
    }

    /// @inheritdoc IEscrow
    function contradict(
        Request calldata request,
        bytes32 output,
        uint96 charge,
        Signature calldata receipt,
        bytes32 output2,
        uint96 charge2,
        Signature calldata receipt2
    ) external nonReentrant {
        bytes32 id = idOf(request);
        if (output == output2 && charge == charge2) revert SameAnswer(output, charge);
        if (request.locked && _locks[id].state == LockState.None) revert WrongLockState(id, LockState.None);
        _checkReceipt(id, request.provider, output, charge, receipt);
        _checkReceipt(id, request.provider, output2, charge2, receipt2);

        _penalise(id, request, _payerOf(id, request));
    }

    // Money out

    /// @inheritdoc IEscrow
    function reclaim(Request calldata request) external nonReentrant {
        bytes32 id = idOf(request);
        Lock storage lock = _locks[id];
        if (lock.state != LockState.Open) revert WrongLockState(id, lock.state);
        if (msg.sender != request.provider && block.timestamp <= request.deadline) {
            revert TooEarly(block.timestamp, request.deadline);
        }

        lock.state = LockState.Reclaimed;
        address payer = lock.payer;

        // Without a floor, a stranger could leave the token too little gas and so deny the payer its push.
        _checkGas(PUSH_GAS);
        bool pushed = TOKEN.trySafeTransfer(payer, request.price);
        if (!pushed) _balances[payer] += request.price;
        emit Reclaimed(id, payer, request.price, pushed);
    }

    /// @inheritdoc IEscrow
    function startExit(address payer, address provider) external nonReentrant {
        if (msg.sender != payer && msg.sender != provider) revert NotParty(msg.sender, payer, provider);
        Tab storage tab = _accounts[payer][provider].tab;
        if (tab.exitAt != 0) revert AlreadyExiting(tab.exitAt);

        tab.exitAt = uint40(block.timestamp + EXIT_DELAY);
        emit ExitStarted(payer, provider, tab.exitAt);
    }

    /// @inheritdoc IEscrow
    function exit(address payer, address provider) external nonReentrant {
        if (msg.sender != payer && msg.sender != provider) revert NotParty(msg.sender, payer, provider);
        Tab storage tab = _accounts[payer][provider].tab;
        uint256 exitAt = tab.exitAt;
        if (exitAt == 0) revert NotExiting(payer, provider);
        uint256 last = msg.sender == payer ? exitAt : exitAt + EXIT_DELAY;
        if (block.timestamp <= last) revert TooEarly(block.timestamp, last);

        uint256 amount;
        if (msg.sender == payer) {
            amount = tab.funds;
            tab.funds = 0;
        }
        // Not an `else`: who is both payer and provider must reach the stake too.
        if (msg.sender == provider && block.timestamp > exitAt + EXIT_DELAY) {
            amount += tab.stake;
            tab.stake = 0;
            tab.exitAt = 0;
        }
        _balances[msg.sender] += amount;
        emit Exited(payer, provider, msg.sender, amount);
    }

    /// @inheritdoc IEscrow
    function withdraw(address to, uint256 amount) external nonReentrant {
        // Paid to the escrow itself, it would be nobody's.
        if (to == address(0) || to == address(this)) revert BadRecipient(to);
        if (amount == 0) revert ZeroAmount();
        uint256 balance = _balances[msg.sender];
        if (amount > balance) revert InsufficientBalance(balance, amount);

        _balances[msg.sender] = balance - amount;
        emit Withdrawn(msg.sender, to, amount);

        TOKEN.safeTransfer(to, amount);
    }

    // Views

    /// @inheritdoc IEscrow
    function idOf(Request calldata request) public view returns (bytes32) {
        return _hashTypedDataV4(Digests.hashRequest(request));
    }

    /// @inheritdoc IEscrow
    function digestOf(Receipt calldata receipt) external view returns (bytes32) {
        return Digests.ofReceipt(_domainSeparatorV4(), receipt.request, receipt.output, receipt.charge);
    }

    /// @inheritdoc IEscrow
    function contextOf(bytes32 id, address prover) external view returns (bytes32) {
        return Digests.hashContext(id, prover);
    }

    /// @inheritdoc IEscrow
    function vaultOf(bytes32 id) public view returns (address) {
        return Clones.predictDeterministicAddress(address(VAULT), id);
    }

    /// @inheritdoc IEscrow
    function tabOf(address payer, address provider) external view returns (Tab memory) {
        return _accounts[payer][provider].tab;
    }

    /// @inheritdoc IEscrow
    function lockOf(bytes32 id) external view returns (Lock memory) {
        return _locks[id];
    }

    /// @inheritdoc IEscrow
    function balanceOf(address account) external view returns (uint256) {
        return _balances[account];
    }

    /// @inheritdoc IEscrow
    function isNonceUsed(address payer, address provider, uint256 nonce) external view returns (bool) {
        return _accounts[payer][provider].isUsed(nonce);
    }

    /// @inheritdoc IEscrow
    function penaltyOf(bytes32 id) external view returns (uint256) {
        return _penalties[id];
    }

    // Pulling

    function _addFunds(address payer, address provider, uint96 amount) internal {
        if (payer == address(0) || provider == address(0)) revert ZeroAddress();
        if (amount == 0) revert ZeroAmount();
        Tab storage tab = _accounts[payer][provider].tab;
        if (amount > type(uint96).max - tab.funds) revert TabFull(tab.funds, amount);

        tab.funds += amount;
        emit Funded(payer, provider, msg.sender, amount);
    }

    function _pull(uint256 amount) internal {
        uint256 held = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        _checkReceived(held, amount);
    }

    function _checkReceived(uint256 held, uint256 amount) internal view {
        uint256 received = TOKEN.balanceOf(address(this)) - held;
        if (received != amount) revert AmountNotReceived(received, amount);
    }

    function _pullIntoVault(address vault, Authorization calldata authorization) internal returns (uint256 pulled) {
        uint256 held = TOKEN.balanceOf(vault);
        (uint8 v, bytes32 s) = authorization.signature.unpack();
        IERC3009(address(TOKEN)).transferWithAuthorization(
            authorization.from,
            vault,
            authorization.value,
            authorization.validAfter,
            authorization.validBefore,
            authorization.nonce,
            v,
            authorization.signature.r,
            s
        );
        return TOKEN.balanceOf(vault) - held;
    }

    // Locks

    function _open(bytes32 id, Request calldata request, address payer, bool vouched) internal {
        _locks[id] = Lock(payer, LockState.Open);
        emit Opened(id, payer, request.provider, request.price, vouched);
    }

    /// @dev Not past, and so near that an exit which starts while the lock is open leaves the stake behind it in place.
    function _isInTime(uint256 deadline) internal view returns (bool) {
        return deadline >= block.timestamp && deadline <= block.timestamp + EXIT_DELAY;
    }

    /// @dev Who pays and is made whole: for a lock, whoever it was recorded for, which the request may not name.
    function _payerOf(bytes32 id, Request calldata request) internal view returns (address) {
        return request.locked ? _locks[id].payer : request.payer;
    }

    // Settling

    /// @dev Pays a fill, or says why it is not owed and changes nothing. Must never revert.
    function _pay(
        bytes32 domain,
        bytes32 id,
        Fill calldata fill,
        uint256 charge,
        address prover
    ) internal returns (Skip) {
        Request calldata request = fill.request;
        if (prover == address(0)) return Skip.Malformed;
        if (block.timestamp > request.deadline) return Skip.Expired;

        address provider = request.provider;
        address payer;
        uint256 proverFee;
        if (request.locked) {
            Lock storage lock = _locks[id];
            if (lock.state != LockState.Open) return Skip.Closed;
            proverFee = request.proverFee;
            if (_isMalformed(request, charge, proverFee)) return Skip.Malformed;
            if (!Signatures.isReceipted(domain, id, fill, charge, provider)) return Skip.Unsigned;

            payer = _settleLock(lock, request.price - charge);
        } else {
            payer = request.payer;
            Account storage account = _accounts[payer][provider];
            (NonceWord storage word, uint256 bit) = account.locate(request.nonce);
            uint256 used = word.used;
            if (used & bit != 0) return Skip.Closed;
            uint256 tab = account.loadTab();
            if (uint96(tab) < charge) return Skip.Underfunded;
            proverFee = request.proverFee;
            if (_isMalformed(request, charge, proverFee)) return Skip.Malformed;
            if (!fill.signature.isBy(payer, id)) return Skip.Unsigned;
            if (!Signatures.isReceipted(domain, id, fill, charge, provider)) return Skip.Unsigned;

            word.used = used | bit;
            // The funds are the lowest bits, and no less than the charge: nothing is borrowed from the fields above.
            unchecked {
                account.storeTab(tab - charge);
            }
        }

        _split(charge, proverFee, provider, prover);
        emit Settled(id, payer, provider, prover, fill.output, charge);
        return Skip.None;
    }

    function _settleLock(Lock storage lock, uint256 surplus) internal returns (address payer) {
        lock.state = LockState.Settled;
        payer = lock.payer;
        if (surplus != 0) _balances[payer] += surplus;
    }

    function _split(uint256 charge, uint256 proverFee, address provider, address prover) internal {
        // Fees of at most the charge are what `_isMalformed` lets through; no balance outgrows the token's supply.
        unchecked {
            uint256 fee = (charge * FEE_BPS) / BPS;
            _balances[provider] += charge - proverFee - fee;
            if (proverFee != 0) _balances[prover] += proverFee;
            if (fee != 0) _balances[FEE_RECIPIENT] += fee;
        }
    }

    /// @dev Whether both sides agreed to the answer, and its charge is one that can be paid.
    function _whyNotAgreed(
        bytes32 id,
        Request calldata request,
        Signature calldata signature,
        bytes32 output,
        uint256 charge,
        Signature calldata receipt
    ) internal view returns (Skip) {
        if (_isMalformed(request, charge, request.proverFee)) return Skip.Malformed;
        // Paying a lock is the payer's agreement.
        if (!request.locked && !signature.isBy(request.payer, id)) return Skip.Unsigned;
        bytes32 digest = Digests.ofReceipt(_domainSeparatorV4(), id, output, charge);
        return receipt.isBy(request.provider, digest) ? Skip.None : Skip.Unsigned;
    }

    function _isMalformed(Request calldata request, uint256 charge, uint256 proverFee) internal view returns (bool) {
        // In 256 bits sums and products of these numbers cannot overflow: one that reverts takes a whole batch with it.
        unchecked {
            return charge == 0 || charge > request.price || proverFee + (charge * FEE_BPS) / BPS > charge;
        }
    }

    function _notify(address consumer, bytes32 id, bytes32 output) internal {
        _checkGas(CALLBACK_GAS);
        bytes memory data = abi.encodeCall(IInferenceConsumer.onSettled, (id, output));
        uint256 callbackGas = CALLBACK_GAS;
        bool success;
        // Solidity would copy whatever the consumer returns, at this call's expense; here nothing is copied.
        assembly ("memory-safe") {
            success := call(callbackGas, consumer, 0, add(data, 0x20), mload(data), 0, 0)
        }
        if (!success) emit ConsumerFailed(id, consumer);
    }

    /// @dev A call passes on at most 63/64 of the gas that is left: what a caller withholds must not look like a
    /// failure of the one called.
    function _checkGas(uint256 required) internal view {
        uint256 available = gasleft();
        if (available < CALL_COST || ((available - CALL_COST) * 63) / 64 < required) {
            revert InsufficientGas(available, required);
        }
    }

    // Penalties

    function _penalise(bytes32 id, Request calldata request, address payer) internal {
        uint256 taken = _penalties[id];
        uint256 owed = request.penalty - taken;
        if (taken != 0 && owed == 0) revert AlreadyPenalised(id);
        Tab storage tab = _accounts[payer][request.provider].tab;
        // What the stake cannot pay stays owed: else a provider could spend a penalty on the first unit of its stake.
        uint256 amount = Math.min(owed, tab.stake);
        if (amount == 0) revert NothingToTake(owed, tab.stake);

        _penalties[id] = taken + amount;
        tab.stake -= uint96(amount);
        _balances[payer] += amount;
        emit Penalised(id, payer, request.provider, amount);
    }

    // Signatures

    function _checkReceipt(
        bytes32 id,
        address provider,
        bytes32 output,
        uint256 charge,
        Signature calldata receipt
    ) internal view {
        bytes32 digest = Digests.ofReceipt(_domainSeparatorV4(), id, output, charge);
        if (!receipt.isBy(provider, digest)) revert NotSigned(digest, provider);
    }
}
