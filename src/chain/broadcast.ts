/** Signing a transaction and giving it to a node, which answers in words that differ from one kind of node to another. */
import {
  BaseError,
  keccak256,
  TransactionNotFoundError,
  type Hex,
  type PrivateKeyAccount,
  type PublicClient,
} from "viem";

import type { Fees } from "./fees.ts";
import type { Call } from "./gas.ts";
import { saidBy } from "./rpc.ts";

/** A key, and the chain that it sends transactions on. */
export type Purse = {
  readonly client: PublicClient;
  readonly account: PrivateKeyAccount;
  readonly chainId: number;
  /** The most that it pays for a unit of gas. */
  readonly most: bigint;
};

/** One transaction of a nonce, among those that replace each other. */
export type Version = { readonly hash: Hex; readonly raw: Hex; readonly fees: Fees; readonly signedAt: number };

export type Reception =
  | { readonly kind: "accepted" }
  /** Nobody knows whether the node has it. */
  | { readonly kind: "unknown" }
  /** Its nonce is used. */
  | { readonly kind: "stale" }
  /** It pays less than the node wants, or than another of its nonce. */
  | { readonly kind: "underpriced" }
  /** Not yet: those of the nonces below are missing, or the pool is full. */
  | { readonly kind: "early" }
  | { readonly kind: "refused"; readonly reason: string; readonly error: unknown };

export async function signVersion(
  { account, chainId }: Purse,
  { to, data }: Call,
  { nonce, gas, fees }: { readonly nonce: number; readonly gas: bigint; readonly fees: Fees },
): Promise<Version> {
  const raw = await account.signTransaction({ type: "eip1559", chainId, to, data, nonce, gas, ...fees });
  return { hash: keccak256(raw), raw, fees, signedAt: Date.now() };
}

/** Gives a transaction to the node once. */
export async function broadcast(client: PublicClient, { raw, hash }: Version): Promise<Reception> {
  try {
    // Once: of two tries, the second would be told that the nonce is used, by the first.
    await client.request({ method: "eth_sendRawTransaction", params: [raw] }, { retryCount: 0 });
    return { kind: "accepted" };
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    return receptionOf(client, hash, error);
  }
}

async function receptionOf(client: PublicClient, hash: Hex, error: BaseError): Promise<Reception> {
  const reason = saidBy(error);
  // A node that mines at once also answers with an error when the transaction reverted, mined as it is.
  if (KNOWN.test(reason) || (await isKnown(client, hash).catch(() => false))) return { kind: "accepted" };
  if (STALE.test(reason)) return { kind: "stale" };
  if (EARLY.test(reason)) return { kind: "early" };
  if (UNDERPRICED.test(reason)) return { kind: "underpriced" };
  return isAboutTransaction(error) ? { kind: "refused", reason, error } : { kind: "unknown" };
}

const KNOWN = /already ?(known|exists|imported)|\bknown transaction/i;
const STALE = /nonce.{0,10}too ?low|old ?nonce/i;
const EARLY = /nonce.{0,10}too ?(high|distant)|nonce ?gap|gapped|lower nonce|pool.{0,5} full|account limit|in-flight/i;
const UNDERPRICED = /underpriced|(fee|price).{0,40}(too ?low|less than|below)|replacement ?not ?allowed/i;

/** Codes for invalid input, a rejected transaction, one that the account cannot pay, and, with some nodes, anything. */
const ABOUT_TRANSACTION = new Set([-32_000, -32_003, -32_004, -32_010, -32_602, -32_603]);

function isAboutTransaction(error: BaseError): boolean {
  const coded = error.walk((each) => typeof (each as { code?: unknown }).code === "number");
  return ABOUT_TRANSACTION.has((coded as { code?: number } | null)?.code ?? 0);
}

/** Whether the node has a transaction, in a block or waiting for one. */
export async function isKnown(client: PublicClient, hash: Hex): Promise<boolean> {
  try {
    await client.getTransaction({ hash });
    return true;
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return false;
    throw error;
  }
}
