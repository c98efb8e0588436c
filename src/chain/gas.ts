/** How much gas a call gets. The call is tried with that very limit, since a node's estimate can be wrong. */
import { BaseError, numberToHex, type Address, type Hex, type PublicClient } from "viem";

import { isUnreachable, saidBy } from "./rpc.ts";
import { revertReasonOf } from "./reverts.ts";

export type Call = {
  readonly to: Address;
  readonly data: Hex;
  /** The limit to begin with, instead of the node's estimate. */
  readonly gas?: bigint;
  /** For messages: "settle 32 fills". */
  readonly what: string;
};

/** The most that one transaction may use wherever EIP-7825 is in force. */
const MOST_PER_TRANSACTION = 2n ** 24n;

/** A gas limit with which the call goes through on the pending block, at least `floor` if the chain allows that much. */
export async function gasFor(client: PublicClient, from: Address, call: Call, floor = 0n): Promise<bigint> {
  const { gasLimit } = await client.getBlock();
  const most = gasLimit < MOST_PER_TRANSACTION ? gasLimit : MOST_PER_TRANSACTION;
  const limited = (gas: bigint): bigint => (gas < most ? gas : most);

  const guess = call.gas ?? (await estimate(client, from, call));
  let gas = limited(guess > floor ? guess : floor);
  const failure = await failureOf(client, from, call, gas);
  if (failure === undefined) return gas;
  // Whether it is for lack of gas shows with all the gas there can be.
  const atMost = gas === most ? failure : await failureOf(client, from, call, most);
  if (atMost !== undefined) throw atMost;
  do gas = limited(2n * gas);
  while (gas < most && (await failureOf(client, from, call, gas)) !== undefined);
  return gas;
}

/** The node's estimate and a quarter, for what other transactions change before this one is mined. */
async function estimate(client: PublicClient, from: Address, { to, data }: Call): Promise<bigint> {
  try {
    const gas = await client.request(
      { method: "eth_estimateGas", params: [{ from, to, data }, "pending"] },
      { retryCount: 0 },
    );
    return (BigInt(gas) * 5n) / 4n;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    // The call itself will say what is wrong with it.
    return LEAST;
  }
}

const LEAST = 21_000n;

async function failureOf(
  client: PublicClient,
  from: Address,
  { to, data, what }: Call,
  gas: bigint,
): Promise<Error | undefined> {
  try {
    const params = [{ from, to, data, gas: numberToHex(gas) }, "pending"] as const;
    await client.request({ method: "eth_call", params: [...params] }, { retryCount: 0 });
    return undefined;
  } catch (error) {
    const reason = revertReasonOf(error);
    if (reason !== undefined) return new CallRevertedError(what, reason, { cause: error });
    if (isAnswer(error) && /gas/i.test(saidBy(error))) return new GasExceededError(what, gas, { cause: error });
    throw error;
  }
}

/** Whether the node said something about the call, rather than nothing, or something about the one who asks. */
function isAnswer(error: unknown): error is BaseError {
  if (!(error instanceof BaseError) || isUnreachable(error)) return false;
  return revertReasonOf(error) !== undefined || /gas/i.test(saidBy(error));
}

/** A call was tried before it was sent, and reverts: nothing was sent. */
export class CallRevertedError extends Error {
  override readonly name = "CallRevertedError";
  readonly reason: string;

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`Did not send the transaction to ${what}, since it would revert: ${reason}`, options);
    this.reason = reason;
  }
}

/** A call takes more gas than a transaction can have: nothing was sent. */
export class GasExceededError extends Error {
  override readonly name = "GasExceededError";
  readonly gas: bigint;

  constructor(what: string, gas: bigint, options?: ErrorOptions) {
    super(`Did not send the transaction to ${what}: ${gas} gas is not enough for it. Do less in one call.`, options);
    this.gas = gas;
  }
}
