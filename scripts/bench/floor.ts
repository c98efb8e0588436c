/**
 * What the chain's own prices make the least that a call can cost: precompiles, storage, accounts, and the transaction
 * itself. Calldata, events, hashing and every line of code come on top.
 */

/** Prices in gas, as of the Cancun fork, which every later one kept for these. */
const PRICE = {
  transaction: 21_000,
  pairingBase: 45_000, // EIP-1108
  pairing: 34_000,
  curveMul: 6_000,
  curveAdd: 150,
  recover: 3_000,
  account: 2_600, // first touch of an account, EIP-2929
  create: 32_000,
  codeByte: 200,
  slotRead: 2_100, // first touch of a slot
  slotChange: 5_000, // first touch, and from one value to another
  slotFill: 22_100, // first touch, and from nothing to a value
  slotAgain: 100, // any further write in the same transaction
} as const;

/** A minimal clone, and the code of a key: delta and four points, behind one byte. */
const CLONE_BYTES = 45;
const KEY_BYTES = 385;
const CREATE3_PROXY_BYTES = 20;

const { transaction, account, slotRead, slotChange, slotFill, slotAgain, recover } = PRICE;

export type StorageState = "warm" | "cold";

/** Verifying `n` claims of `models` models, key lookup included. */
export function verifyFloor(n: number, models: number): number {
  const pairings = n === 1 ? 4 : n + 2 + models;
  const muls = n === 1 ? 3 : 2 * (n - 1) + 4 * models + 1;
  const adds = n === 1 ? 3 : n + 4 * models;
  const { pairingBase, pairing, curveMul, curveAdd } = PRICE;
  return pairingBase + pairings * pairing + muls * curveMul + adds * curveAdd + models * account;
}

/** Settling `n` fills of one agent, provider and prover. */
export function settleFloor(n: number, models: number, funding: "tab" | "lock", state: StorageState): number {
  const balance = state === "warm" ? slotChange : slotFill;
  const repeated = (first: number) => first + (n - 1) * slotAgain;
  const money =
    funding === "lock"
      ? n * slotChange
      : repeated(slotChange) + (state === "warm" ? repeated(slotChange) : n * slotFill); // the tab; the nonces
  const signatures = (funding === "lock" ? 1 : 2) * n * recover;
  return transaction + account + signatures + money + 2 * repeated(balance) + verifyFloor(n, models);
}

/** Settling `n` fills of one tab by the signatures of one enclave's key, where every account holds something already. */
export function attestedFloor(n: number): number {
  const repeated = slotChange + (n - 1) * slotAgain;
  // The tab, the nonces and the balance; the model's measurement, the key's standing and the measurement's revocation.
  return transaction + account + 3 * n * recover + 3 * repeated + 3 * slotRead;
}

/** A token transfer between two accounts that the escrow takes part in, from its first touch of the token. */
const transfer = account + 2 * slotChange;
/** The same when the receiver held nothing. */
const firstTransfer = account + slotChange + slotFill;

const pull = (state: StorageState): number => (state === "warm" ? transfer : firstTransfer);
const slot = (state: StorageState): number => (state === "warm" ? slotChange : slotFill);

/** Every other call, by its name. */
export const FLOORS = {
  fund: (state) => transaction + pull(state) + slotRead + slot(state), // the allowance is read, the tab written
  fundWithAuthorization: (state) => transaction + pull(state) + slotFill + recover + slot(state), // the authorization
  stake: (state) => transaction + pull(state) + slotRead + slot(state),
  open: (state) => transaction + pull(state) + slotRead + slotFill,
  openFromVault: (state) =>
    // Authorization, the vault's code, the money's two steps (the vault's balance is filled and emptied), the lock.
    transaction +
    recover +
    slotFill +
    PRICE.create +
    CLONE_BYTES * PRICE.codeByte +
    account +
    pull(state) +
    2 * slotFill,
  reclaim: () => transaction + transfer + slotChange,
  slash: (state) => transaction + 2 * recover + slotRead + slotFill + slotChange + slot(state),
  contradict: (state) => transaction + 2 * recover + slotFill + slotChange + slot(state),
  startExit: () => transaction + slotChange,
  exit: (state) => transaction + slotChange + slot(state),
  withdraw: (state) => transaction + slotChange + pull(state),
  commit: () => transaction + slotFill,
  publish: () =>
    transaction +
    2 * PRICE.create +
    (CREATE3_PROXY_BYTES + KEY_BYTES) * PRICE.codeByte +
    PRICE.pairingBase +
    PRICE.pairing,
} as const satisfies Record<string, (state: StorageState) => number>;
