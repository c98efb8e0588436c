/** A transaction's way to its first broadcast: what it may use, what it pays, its nonce, and the node's word on it. */
import { formatEther, type Address, type Hex } from "viem";

import { broadcast, signVersion, type Purse, type Reception } from "./broadcast.ts";
import { currentFees } from "./fees.ts";
import type { Flight } from "./flight.ts";
import { gasFor, type Call } from "./gas.ts";

export type Launch = {
  readonly call: Call;
  readonly onSent: (transaction: Hex) => void;
  /** The least gas that it gets, found out the hard way. */
  readonly floor: bigint;
  /** What nonce it has to have; else the account's next one. */
  readonly nonce: number | undefined;
  /** The first nonce above all that are in the air. */
  readonly above: number;
};

/** Tries a call, signs it and gives it to the node; undefined when its nonce turns out to be another's. */
export async function launch(purse: Purse, { call, onSent, floor, nonce, above }: Launch): Promise<Flight | undefined> {
  const { client, account, most } = purse;
  const [gas, fees, next] = await Promise.all([
    gasFor(client, account.address, call, floor),
    currentFees(client, most),
    nextNonce(purse),
  ]);
  const chosen = nonce ?? Math.max(next, above);
  const version = await signVersion(purse, call, { nonce: chosen, gas, fees });
  // Before the node has it, so that whoever writes it down knows of it whatever happens next.
  onSent(version.hash);
  const reception = await broadcast(client, version);
  const flight: Flight = { call, nonce: chosen, gas, onSent, versions: [version], taken: undefined };
  switch (reception.kind) {
    case "accepted":
    case "unknown":
    case "early":
      return flight;
    case "stale":
      return undefined;
    case "underpriced":
      // Somebody else was faster with the same key, unless the node just wants more.
      return nonce === undefined && (await nextNonce(purse)) > chosen ? undefined : flight;
    case "refused":
      throw await errorOf(purse, call, gas * fees.maxFeePerGas, reception);
  }
}

async function nextNonce({ client, account }: Purse): Promise<number> {
  return client.getTransactionCount({ address: account.address, blockTag: "pending" });
}

async function errorOf(
  { client, account: { address } }: Purse,
  call: Call,
  cost: bigint,
  { reason, error }: Extract<Reception, { kind: "refused" }>,
): Promise<Error> {
  const balance = await client.getBalance({ address });
  // What is in the air already counts too, and nodes say so in many words.
  return balance < cost || /funds|balance/i.test(reason)
    ? new NoEtherError(call.what, address, balance, cost)
    : new TransactionRefusedError(call.what, reason, { cause: error });
}

/** The account cannot pay for the gas: nothing was sent. */
export class NoEtherError extends Error {
  override readonly name = "NoEtherError";
  readonly account: Address;
  /** What it has, in wei. */
  readonly balance: bigint;

  constructor(what: string, account: Address, balance: bigint, cost: bigint) {
    super(
      `Did not send the transaction to ${what}: ${account} has ${formatEther(balance)} of the chain's coin, and gas for ` +
        `it may cost ${formatEther(cost)}, besides what is under way already. Send it some.`,
    );
    this.account = account;
    this.balance = balance;
  }
}

/** The node does not take a transaction. */
export class TransactionRefusedError extends Error {
  override readonly name = "TransactionRefusedError";
  readonly reason: string;

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`The chain's node refused the transaction to ${what}: ${reason}`, options);
    this.reason = reason;
  }
}
