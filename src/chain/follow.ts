/** Following the escrow: what happened, block after block, and what of it was reorganised away. */
import type { Address, PublicClient } from "viem";

import { blockOf, headerAt, headersAt, thinOut, windowOf, type Block, type Cursor, type Header } from "./blocks.ts";
import { eventsIn, isComplete, logsIn, type EscrowEvent } from "./events.ts";
import { chainErrorOf, originOf } from "./rpc.ts";

export type ChainStep = {
  /** Everything taken in from blocks above this one is void: they were reorganised away. Undefined when none was. */
  readonly dropAbove: number | undefined;
  readonly events: readonly EscrowEvent[];
  /** The last block that is taken in by this step. */
  readonly head: Block;
  /** The last block that is deep enough to count on, and whose events are all taken in. */
  readonly final: Block;
  readonly cursor: Cursor;
  /** How many blocks of the chain are still to be taken in. */
  readonly behind: number;
};

export type FollowOptions = {
  readonly escrow: Address;
  /** The block in which the escrow was deployed. */
  readonly from: number;
  /** How many blocks have to follow one before it counts: 0 means that the head itself does. */
  readonly depth: number;
  readonly cursor: Cursor;
  readonly mostBlocks?: number;
};

/** How often a step is begun anew because the chain changed in the middle of it. */
const TRIES = 3;

/** The next step from a cursor, or undefined when the chain has nothing new, or nothing yet that fits together. */
export async function nextStep(client: PublicClient, options: FollowOptions): Promise<ChainStep | undefined> {
  try {
    for (let tried = 0; tried < TRIES; tried++) {
      const step = await tryStep(client, options);
      if (step !== UNSTEADY) return step;
    }
    return undefined;
  } catch (error) {
    throw chainErrorOf(error, originOf(client));
  }
}

/** What the node showed at different moments does not fit together. */
const UNSTEADY = Symbol("unsteady");

async function tryStep(
  client: PublicClient,
  { escrow, from, depth, cursor, mostBlocks = 2000 }: FollowOptions,
): Promise<ChainStep | undefined | typeof UNSTEADY> {
  const latest = await headerAt(client, "latest");
  if (latest === undefined) return undefined;
  const kept = await stillThere(client, cursor, latest);
  if (kept === undefined) return UNSTEADY;
  const base = kept.at(-1);
  const first = base === undefined ? from : base.number + 1;
  // Also so when the node lags behind what was seen elsewhere: all that it can show is still there.
  if (first > latest.number) return undefined;

  const last = Math.min(first + mostBlocks - 1, latest.number);
  const window = windowOf(depth);
  const recent = await headersAt(client, span(Math.max(first, Math.min(last, latest.number - window + 1)), last));
  const end = recent?.at(-1);
  if (recent === undefined || end === undefined || !isLinked(base, recent)) return UNSTEADY;

  const logs = await logsIn(client, escrow, { first, last });
  const blocks = new Map<string, Header>(recent.map((header) => [header.hash, header]));
  const older = [...new Set(logs.map(({ blockNumber }) => Number(blockNumber)))].filter(
    (height) => height < (recent[0]?.number ?? first),
  );
  for (const header of (await headersAt(client, older)) ?? []) blocks.set(header.hash, header);
  if (logs.some(({ blockHash }) => !blocks.has(blockHash))) return UNSTEADY;
  for (const header of recent) if (!(await isComplete(client, escrow, header, logs))) return UNSTEADY;

  const taken = [...kept, ...[...blocks.values()].sort((a, b) => a.number - b.number).map(blockOf)];
  const final = await blockAt(client, Math.max(0, Math.min(last, latest.number - depth)), taken);
  // Last of all: the logs and all blocks below are those of the chain that ends here.
  if (final === undefined || (await headerAt(client, last))?.hash !== end.hash) return UNSTEADY;
  return {
    dropAbove: kept.length === cursor.length ? undefined : (base?.number ?? from - 1),
    events: eventsIn(logs, blocks),
    head: blockOf(end),
    final,
    cursor: thinOut(taken, window),
    behind: latest.number - last,
  };
}

/**
 * The part of the cursor that is on the chain the node shows; undefined if the node shows no block where it should have
 * one. A node that lags can show none of the later blocks: that contradicts nothing, so they stay.
 */
async function stillThere(client: PublicClient, cursor: Cursor, latest: Header): Promise<Cursor | undefined> {
  const shown = cursor.filter(({ number }) => number <= latest.number).length;
  // Below a block that is there all others are: the highest one is found by halves.
  let there = 0;
  for (let [low, high, middle] = [0, shown, shown]; low < high; middle = Math.ceil((low + high) / 2)) {
    const block = cursor[middle - 1];
    const header = block && (await headerAt(client, block.number));
    if (header === undefined) return undefined;
    if (header.hash === block?.hash) low = middle;
    else high = middle - 1;
    there = low;
  }
  return there === shown ? cursor : cursor.slice(0, there);
}

/** Whether each block is the child of the one before. */
function isLinked(base: Block | undefined, headers: readonly Header[]): boolean {
  let parent = base;
  for (const header of headers) {
    if (parent !== undefined && parent.number === header.number - 1 && parent.hash !== header.parent) return false;
    parent = header;
  }
  return true;
}

async function blockAt(client: PublicClient, height: number, taken: Cursor): Promise<Block | undefined> {
  const known = taken.find(({ number }) => number === height);
  if (known !== undefined) return known;
  const header = await headerAt(client, height);
  return header && blockOf(header);
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
