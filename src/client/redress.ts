/** What a payer can do on chain by itself. Each is tried first, so that what cannot work costs no gas. */
import {
  decodeFunctionData,
  encodeFunctionData,
  publicActions,
  type Account,
  type Address,
  type Chain,
  type Hash,
  type Hex,
  type Transport,
  type WalletClient,
} from "viem";

import { revertReasonOf } from "../chain/reverts.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Signature, Signer } from "../protocol/signature.ts";
import { signTopUp } from "../x402/payment.ts";
import type { Terms } from "../x402/terms.ts";
import type { Evidence } from "./evidence.ts";

/** Who sends transactions, with an account of its own. */
export type Wallet = WalletClient<Transport, Chain | undefined, Account>;

/** Another answer that the provider signed for the same request. */
export type SecondAnswer = { readonly output: Hex; readonly charge: bigint; readonly receipt: Signature };

/** Takes what a provider loses for an answer that nobody proved in time. By anyone, for the payer. */
export function slash(wallet: Wallet, escrow: Address, evidence: Evidence): Promise<Hash> {
  const { request, signature, output, charge, receipt } = evidence;
  const data = encodeFunctionData({
    abi: escrowAbi,
    functionName: "slash",
    args: [request, signature, output, charge, receipt],
  });
  return send(wallet, escrow, data);
}

/** Takes the same for two different answers to one request, whether it settled or not. */
export function contradict(wallet: Wallet, escrow: Address, first: Evidence, second: SecondAnswer): Promise<Hash> {
  const { request, output, charge, receipt } = first;
  const args = [request, output, charge, receipt, second.output, second.charge, second.receipt] as const;
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "contradict", args });
  return send(wallet, escrow, data);
}

/** Sends the money of a locked request back to its payer, after the deadline. */
export function reclaim(wallet: Wallet, escrow: Address, { request }: Pick<Evidence, "request">): Promise<Hash> {
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "reclaim", args: [request] });
  return send(wallet, escrow, data);
}

/** Puts the payer's own money on its tab, without an approval: it signs, and whoever has the wallet pays the gas. */
export async function fund(
  wallet: Wallet,
  payer: Signer,
  terms: Pick<Terms, "escrow" | "provider" | "token" | "chainId">,
  { amount, validBefore }: { readonly amount: bigint; readonly validBefore: number },
): Promise<Hash> {
  const topUp = await signTopUp(terms, amount, validBefore, payer);
  const { validAfter, salt, signature } = topUp;
  const args = [payer.address, terms.provider, amount, validAfter, topUp.validBefore, salt, signature] as const;
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "fundWithAuthorization", args });
  return send(wallet, terms.escrow, data);
}

/** Starts the clock after which the wallet's own side of a tab can be taken out. */
export function startExit(wallet: Wallet, escrow: Address, provider: Address): Promise<Hash> {
  const data = encodeFunctionData({
    abi: escrowAbi,
    functionName: "startExit",
    args: [wallet.account.address, provider],
  });
  return send(wallet, escrow, data);
}

/** Moves the funds of a tab to the wallet's balance in the escrow, once the clock has run out. */
export function exit(wallet: Wallet, escrow: Address, provider: Address): Promise<Hash> {
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "exit", args: [wallet.account.address, provider] });
  return send(wallet, escrow, data);
}

/** Pays out from the wallet's balance in the escrow. */
export function withdraw(wallet: Wallet, escrow: Address, to: Address, amount: bigint): Promise<Hash> {
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "withdraw", args: [to, amount] });
  return send(wallet, escrow, data);
}

async function send(wallet: Wallet, to: Address, data: Hex): Promise<Hash> {
  const node = wallet.extend(publicActions);
  const { account } = wallet;
  const what = decodeFunctionData({ abi: escrowAbi, data }).functionName;
  try {
    // On the block that is being made: a deadline may have passed since the latest one.
    await node.call({ account, to, data, blockTag: "pending" });
    const hash = await wallet.sendTransaction({ account, to, data, chain: null });
    const { status } = await node.waitForTransactionReceipt({ hash });
    if (status !== "success") throw new RevertedError(what, `the transaction ${hash} was reverted`);
    return hash;
  } catch (cause) {
    const reason = revertReasonOf(cause);
    throw reason === undefined ? cause : new RevertedError(what, reason, { cause });
  }
}

/** The escrow does not do what it was asked for. */
export class RevertedError extends Error {
  override readonly name = "RevertedError";
  /** The escrow's error, with what it says. */
  readonly reason: string;

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`The escrow refuses to ${what}: ${reason}. No money moved.`, options);
    this.reason = reason;
  }
}
