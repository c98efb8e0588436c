// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The agent's order. Its EIP-712 digest is its id, so an id fits one chain and one escrow alone.
/// @param payer Whose tab or lock pays; zero only in a locked request that a vault funds.
/// @param provider Who answers.
/// @param verifier The IVerifier that both sides sign for.
/// @param consumer Contract that is called with the settled output; zero for none.
/// @param model What is to be computed.
/// @param input Commitment to the input.
/// @param price The most that the payer pays, in token units.
/// @param proverFee The part of the charge that goes to the prover.
/// @param penalty What the provider loses from its stake in this payer's tab if the answer is not proven in time, or
/// contradicted.
/// @param deadline Last second at which the request can settle.
/// @param locked Whether it is paid from a lock of its own, never from the tab.
/// @param nonce In a tab: unordered, used once per payer and provider. In a lock: only makes the id unique.
struct Request {
    address payer;
    address provider;
    address verifier;
    address consumer;
    bytes32 model;
    bytes32 input;
    uint96 price;
    uint96 proverFee;
    uint96 penalty;
    uint40 deadline;
    bool locked;
    uint256 nonce;
}

/// @notice The provider's answer to one request, and what it costs: at most the request's price.
struct Receipt {
    bytes32 request;
    bytes32 output;
    uint96 charge;
}

/// @notice An ECDSA signature in the compact form of ERC-2098.
struct Signature {
    bytes32 r;
    bytes32 vs;
}

/// @notice A request with its output and prover, ready to settle.
/// @param signature The payer's signature of the request; not read for a locked one.
/// @param receipt The provider's signature of the receipt.
/// @param prover Who is paid `proverFee`; bound by the proof's context.
struct Fill {
    Request request;
    Signature signature;
    bytes32 output;
    uint96 charge;
    Signature receipt;
    address prover;
}

/// @notice One payer's money with one provider.
/// @param funds The payer's, drawn on by settlements.
/// @param stake The provider's, that a broken promise to this payer costs.
/// @param exitAt Until when (inclusive) the funds stay after an exit was started; zero when none was.
struct Tab {
    uint96 funds;
    uint96 stake;
    uint40 exitAt;
}

enum LockState {
    None,
    Open,
    Settled,
    Reclaimed
}

/// @notice Money escrowed for one request, `price` of it. Never deleted, so an id opens once.
struct Lock {
    address payer;
    LockState state;
}

/// @notice A payer's EIP-3009 `transferWithAuthorization` to a vault. A zero `signature.r` means that there is nothing
/// to pull: the money has arrived already.
struct Authorization {
    address from;
    uint256 value;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nonce;
    Signature signature;
}

/// @notice Why an answer is not owed.
enum Skip {
    None,
    /// Zero charge, zero prover, a charge above the price, or fees above the charge.
    Malformed,
    /// Past the deadline.
    Expired,
    /// The nonce is used, or the lock is not open.
    Closed,
    /// The tab holds less than the charge.
    Underfunded,
    /// A signature is not the payer's, or not the provider's.
    Unsigned
}

/// @title The escrow: holds the money, and moves it on proof.
/// @notice Three things together move a payer's money: the payer's agreement (a signature, `open`, or paying a vault),
/// the provider's receipt, and a proof of that very output. No owner, no pause, no upgrade.
/// @dev What it assumes of parts that it does not control:
/// - The token moves exactly the amounts it is told to, calls nobody it is not told to, and never changes a balance on
///   its own. One that takes a fee on the way in is refused; a rebasing one breaks solvency. It may refuse transfers to
///   or from anyone (blacklist, pause): then payouts wait, and no other party's do.
/// - Verifiers and consumers may be hostile. A verifier can only harm those who signed for it: whatever it says, the
///   receipt and the payer's agreement are still needed. A consumer has bounded gas and no say.
/// - Payers of tabs and providers are keys, since they sign; payers of locks, and provers, may be contracts.
interface IEscrow {
    event Funded(address indexed payer, address indexed provider, address from, uint256 amount);
    event Staked(address indexed payer, address indexed provider, uint256 amount);
    /// @param vouched The provider alone says whose the money is: the request names no payer, and not all of it came by
    /// an authorization that was pulled in the same call.
    event Opened(bytes32 indexed id, address indexed payer, address indexed provider, uint256 price, bool vouched);
    /// @notice Money that a vault held beyond its lock, or without one, became the payer's balance. `vouched` as above.
    event Credited(bytes32 indexed id, address indexed payer, uint256 amount, bool vouched);
    event Settled(
        bytes32 indexed id,
        address indexed payer,
        address indexed provider,
        address prover,
        bytes32 output,
        uint256 charge
    );
    event Skipped(bytes32 indexed id, Skip reason);
    event ConsumerFailed(bytes32 indexed id, address indexed consumer);
    /// @param pushed Whether the token arrived at the payer; else it is the payer's balance here.
    event Reclaimed(bytes32 indexed id, address indexed payer, uint256 amount, bool pushed);
    event Penalised(bytes32 indexed id, address indexed payer, address indexed provider, uint256 amount);
    event ExitStarted(address indexed payer, address indexed provider, uint256 exitAt);
    event Exited(address indexed payer, address indexed provider, address indexed party, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    error TokenHasNoCode(address token);
    error FeeTooHigh(uint256 feeBps, uint256 maxFeeBps);
    error FeeWithoutRecipient(uint256 feeBps, address recipient);
    error ZeroAddress();
    error ZeroAmount();
    error TabFull(uint256 held, uint256 amount);
    error AmountNotReceived(uint256 received, uint256 amount);
    error NotLocked(bytes32 id);
    error NotPayer(address sender, address payer);
    error NotProvider(address sender, address provider);
    error NotParty(address sender, address payer, address provider);
    error DeadlineOutOfRange(uint256 deadline, uint256 earliest, uint256 latest);
    error WrongLockState(bytes32 id, LockState state);
    error VaultShort(address vault, uint256 received, uint256 price);
    error UnlikeVerifier(uint256 index, address verifier, address first);
    error ProofRejected(address verifier);
    error InsufficientGas(uint256 available, uint256 required);
    error TooEarly(uint256 timestamp, uint256 last);
    error NotOwed(bytes32 id, Skip reason);
    error SameAnswer(bytes32 output, uint256 charge);
    error NotSigned(bytes32 digest, address signer);
    error AlreadyPenalised(bytes32 id);
    error NothingToTake(uint256 penalty, uint256 stake);
    error AlreadyExiting(uint256 exitAt);
    error NotExiting(address payer, address provider);
    error InsufficientBalance(uint256 balance, uint256 amount);
    error BadRecipient(address to);

    /// @notice Puts the sender's money on the payer's tab with a provider.
    function fund(address payer, address provider, uint96 amount) external;

    /// @notice Puts the payer's money on its tab by its EIP-3009 `receiveWithAuthorization`, whoever submits it. The
    /// authorization's nonce is `keccak256(abi.encode(provider, salt))`: it fits this escrow and this provider alone.
    function fundWithAuthorization(
        address payer,
        address provider,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        Signature calldata signature
    ) external;

    /// @notice Adds the sender's money to its stake in that payer's tab. The payer can count on it, and no other payer
    /// can drain it.
    function stake(address payer, uint96 amount) external;

    /// @notice Locks `price` from the sender's wallet for a request. This is how a contract asks.
    function open(Request calldata request) external;

    /// @notice Opens a locked request with the money in its vault, after pulling `authorization` into the vault if that
    /// has a signature. A surplus, or all of it if the request can no longer open, becomes the payer's balance.
    /// @dev The payer is the request's. If that is zero, only the provider may call, and the payer is
    /// `authorization.from`: proven when the pull brought all that arrived, else vouched for by the provider. A client
    /// that does not want to trust the provider for this names itself in the request.
    function openFromVault(Request calldata request, Authorization calldata authorization) external;

    /// @notice Verifies the claims of all fills in one call, then pays each from its tab or lock.
    /// @dev A fill that is not owed is skipped with an event and does not stop the others, so that nobody can spoil a
    /// batch by settling one of its requests first; its claim is verified all the same. What reverts is an unlike
    /// verifier, a proof that does not hold, or too little gas for a consumer. If nothing is owed, nothing is verified.
    /// @return settled How many fills were paid.
    function settle(Fill[] calldata fills, bytes calldata proof) external returns (uint256 settled);

    /// @notice Sends an open lock's money back to its payer: by anyone after the deadline, by the provider at any time.
    /// If the token refuses, the money becomes the payer's balance.
    function reclaim(Request calldata request) external;

    /// @notice Penalises a provider for an answer that nobody proved in time, and that could be paid now: its nonce is
    /// open and the tab covers it, or its lock is open or reclaimed. For a lock the payer's signature is not read.
    /// @dev What the stake cannot pay of the penalty stays owed, and can be taken by a further call.
    function slash(
        Request calldata request,
        Signature calldata signature,
        bytes32 output,
        uint96 charge,
        Signature calldata receipt
    ) external;

    /// @notice Penalises a provider who signed two different answers to one request, whether it settled or not.
    function contradict(
        Request calldata request,
        bytes32 output,
        uint96 charge,
        Signature calldata receipt,
        bytes32 output2,
        uint96 charge2,
        Signature calldata receipt2
    ) external;

    /// @notice Starts the clock after which payer and provider can take their money from a tab. It never restarts, and
    /// funding does not change it.
    function startExit(address payer, address provider) external;

    /// @notice Moves the sender's side of a tab to its balance: the funds, for the payer, after `exitAt`; the stake,
    /// for the provider, after another `EXIT_DELAY`, which also clears the clock.
    function exit(address payer, address provider) external;

    /// @notice Pays out from the sender's balance.
    function withdraw(address to, uint256 amount) external;

    /// @notice A request's id: its EIP-712 digest.
    function idOf(Request calldata request) external view returns (bytes32);

    /// @notice A receipt's EIP-712 digest, which the provider signs.
    function digestOf(Receipt calldata receipt) external view returns (bytes32);

    /// @notice The context of a claim: `keccak256(abi.encode(chainid, escrow, request, prover)) & (2^253 - 1)`.
    function contextOf(bytes32 id, address prover) external view returns (bytes32);

    /// @notice The address whose money opens the locked request `id`.
    function vaultOf(bytes32 id) external view returns (address);

    /// @notice The state of a tab.
    function tabOf(address payer, address provider) external view returns (Tab memory);

    /// @notice The state of a lock.
    function lockOf(bytes32 id) external view returns (Lock memory);

    /// @notice What an account can withdraw.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Whether a tab request with this nonce has been paid.
    function isNonceUsed(address payer, address provider, uint256 nonce) external view returns (bool);

    /// @notice What a request has cost its provider so far: its penalty at most.
    function penaltyOf(bytes32 id) external view returns (uint256);
}
