/** What a payer can do on chain by itself. Each is tried first, so that what cannot work costs no gas. */
import {
  BaseError,
  ContractFunctionRevertedError,
  publicActions,
  type Abi,
  type Account,
  type Address,
  type Chain,
  type ContractFunctionArgs,
  type Hash,
  type Hex,
  type Transport,
  type WalletClient,
} from "viem";

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
  return send(wallet, escrow, "slash", [request, signature, output, charge, receipt]);
}

/** Takes the same for two different answers to one request, whether it settled or not. */
export function contradict(wallet: Wallet, escrow: Address, first: Evidence, second: SecondAnswer): Promise<Hash> {
  const { request, output, charge, receipt } = first;
  const args = [request, output, charge, receipt, second.output, second.charge, second.receipt] as const;
  return send(wallet, escrow, "contradict", args);
}

/** Sends the money of a locked request back to its payer, after the deadline. */
export function reclaim(wallet: Wallet, escrow: Address, { request }: Pick<Evidence, "request">): Promise<Hash> {
  return send(wallet, escrow, "reclaim", [request]);
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
  return send(wallet, terms.escrow, "fundWithAuthorization", args);
}

/** Starts the clock after which the wallet's own side of a tab can be taken out. */
export function startExit(wallet: Wallet, escrow: Address, provider: Address): Promise<Hash> {
  return send(wallet, escrow, "startExit", [wallet.account.address, provider]);
}

/** Moves the funds of a tab to the wallet's balance in the escrow, once the clock has run out. */
export function exit(wallet: Wallet, escrow: Address, provider: Address): Promise<Hash> {
  return send(wallet, escrow, "exit", [wallet.account.address, provider]);
}

/** Pays out from the wallet's balance in the escrow. */
export function withdraw(wallet: Wallet, escrow: Address, to: Address, amount: bigint): Promise<Hash> {
  return send(wallet, escrow, "withdraw", [to, amount]);
}

// Without its types, since viem does not tell which arguments go with a name that is a parameter.
const ABI: Abi = escrowAbi;

type Action = "slash" | "contradict" | "reclaim" | "fundWithAuthorization" | "startExit" | "exit" | "withdraw";

async function send<Name extends Action>(
  wallet: Wallet,
  escrow: Address,
  functionName: Name,
  args: ContractFunctionArgs<typeof escrowAbi, "nonpayable", Name>,
): Promise<Hash> {
  const node = wallet.extend(publicActions);
  const { account } = wallet;
  try {
    const { request } = await node.simulateContract({ address: escrow, abi: ABI, functionName, args, account });
    const hash = await wallet.writeContract({ ...request, account, chain: null });
    const { status } = await node.waitForTransactionReceipt({ hash });
    if (status !== "success") throw new RevertedError(functionName, `the transaction ${hash} was reverted`);
    return hash;
  } catch (error) {
    const revert = error instanceof BaseError && error.walk((each) => each instanceof ContractFunctionRevertedError);
    if (!(revert instanceof ContractFunctionRevertedError)) throw error;
    throw new RevertedError(functionName, revert.data?.errorName ?? revert.reason ?? "no reason", { cause: error });
  }
}

/** The escrow does not do what it was asked for. */
export class RevertedError extends Error {
  override readonly name = "RevertedError";
  /** The escrow's error, such as `TooEarly` or `NotOwed`. */
  readonly reason: string;

  constructor(functionName: string, reason: string, options?: ErrorOptions) {
    super(`The escrow refuses to ${functionName}: ${reason}. No money moved.`, options);
    this.reason = reason;
  }
}
