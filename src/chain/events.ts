/** The escrow's events, read from a node that may lag, limit, or change its mind in between. */
import * as Bloom from "ox/Bloom";
import {
  formatLog,
  isAddressEqual,
  numberToHex,
  parseEventLogs,
  type Address,
  type Hex,
  type Log,
  type PublicClient,
  type RpcLog,
} from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import { blockOf, type Block, type Header } from "./blocks.ts";
import { isUnreachable } from "./rpc.ts";

export type EscrowEventName =
  | "Funded"
  | "Staked"
  | "Opened"
  | "Credited"
  | "Settled"
  | "Skipped"
  | "ConsumerFailed"
  | "Reclaimed"
  | "Penalised"
  | "ExitStarted"
  | "Exited"
  | "Withdrawn";

type Named<Name extends EscrowEventName> = {
  readonly name: Name;
  readonly args: Log<bigint, number, false, undefined, true, typeof escrowAbi, Name>["args"];
  readonly block: Block;
  readonly transaction: Hex;
  readonly logIndex: number;
};

export type EscrowEvent = { [Name in EscrowEventName]: Named<Name> }[EscrowEventName];

/** A log that is in a block. */
export type MinedLog = Log<bigint, number, false>;

export type Range = { readonly first: number; readonly last: number };

/**
 * All logs of the escrow in a range of blocks, in the chain's order.
 *
 * Nodes limit blocks, logs or time of an answer, each in its own words, so whatever they answer instead of logs is taken
 * for such a limit as long as there are halves to ask for.
 */
export async function logsIn(client: PublicClient, escrow: Address, { first, last }: Range): Promise<MinedLog[]> {
  const heights = { fromBlock: numberToHex(first), toBlock: numberToHex(last) };
  try {
    const logs = await request(client, { address: escrow, ...heights });
    for (const { address, blockNumber } of logs) {
      if (!isAddressEqual(address, escrow) || blockNumber < BigInt(first) || blockNumber > BigInt(last)) {
        throw new ForeignLogError(escrow, { first, last });
      }
    }
    return logs.sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex);
  } catch (error) {
    if (first === last || error instanceof ForeignLogError || isUnreachable(error)) throw error;
    const middle = Math.floor((first + last) / 2);
    const before = await logsIn(client, escrow, { first, last: middle });
    return [...before, ...(await logsIn(client, escrow, { first: middle + 1, last }))];
  }
}

/**
 * Whether the logs of a block are all there. Behind one address there are often several nodes, and one that has not got
 * the block yet says that there are no logs in it. Asked by the hash, it has to admit that.
 */
export async function isComplete(
  client: PublicClient,
  escrow: Address,
  header: Header,
  logs: readonly MinedLog[],
): Promise<boolean> {
  if (!Bloom.contains(header.bloom, escrow)) return true;
  const found = logs.filter(({ blockHash }) => blockHash === header.hash).length;
  return found > 0 || (await request(client, { address: escrow, blockHash: header.hash })).length === 0;
}

async function request(
  client: PublicClient,
  filter: { readonly address: Address } & (
    { readonly fromBlock: Hex; readonly toBlock: Hex } | { readonly blockHash: Hex }
  ),
): Promise<MinedLog[]> {
  // Not tried again by viem, which takes a limit for a passing trouble.
  const logs: readonly RpcLog[] = await client.request({ method: "eth_getLogs", params: [filter] }, { retryCount: 0 });
  return logs.map((log) => formatLog(log) as MinedLog).filter(({ removed }) => !removed);
}

/** What logs say, with the blocks that they are in. */
export function eventsIn(logs: readonly MinedLog[], blocks: ReadonlyMap<string, Block>): EscrowEvent[] {
  return parseEventLogs({ abi: escrowAbi, logs: [...logs] }).flatMap((log): EscrowEvent[] => {
    const { eventName: name, args, transactionHash: transaction, logIndex } = log;
    const header = blocks.get(log.blockHash);
    if (header === undefined || name === "EIP712DomainChanged") return [];
    return [{ name, args, block: blockOf(header), transaction, logIndex } as EscrowEvent];
  });
}

/** The node was asked for the escrow's logs, and gave others. */
export class ForeignLogError extends Error {
  override readonly name = "ForeignLogError";

  constructor(escrow: Address, { first, last }: Range) {
    super(
      `The chain's node was asked for logs of ${escrow} in blocks ${first} to ${last}, and gave others too. ` +
        "Do not rely on it: use another node.",
    );
  }
}
