/** Holds a provider's store against the chain, to the unit, once everything has come to rest. */
import type { Hex } from "viem";

import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import { findOutcomes, readPosition, readTab } from "../../src/store/chain-state.ts";
import { openDatabase, type Database, type StoreLocation } from "../../src/store/database.ts";
import { findRequests, jobOf, type JournalRow } from "../../src/store/journal.ts";
import { readLedger, type Ledger, type LedgerEntry, type LedgerOptions } from "./ledger.ts";

export type BooksOptions = LedgerOptions & {
  readonly deployment: Deployment;
  /** A folder only when no gateway runs on it. */
  readonly location: StoreLocation;
  readonly confirmations: number;
};

/**
 * All that is wrong: each line a difference between the store, its queue and the chain, or a promise without an end.
 * None when everything that was answered was settled once, or expired with what the escrow has for that.
 */
export async function differences(options: BooksOptions): Promise<string[]> {
  const database = await openDatabase(options.location);
  try {
    const ledger = await readLedger(options);
    const ids = await database.query<{ id: Hex }>("SELECT id FROM assay.requests ORDER BY id");
    const rows = await findRequests(
      database,
      ids.map(({ id }) => id),
    );
    return [
      ...(ledger.held === ledger.owed ? [] : [`the escrow holds ${ledger.held} and owes ${ledger.owed}`]),
      ...(await positionFaults(database, ledger, options.confirmations)),
      ...(await requestFaults(options, ledger, rows)),
      ...(await outcomeFaults(database, ledger, rows)),
      ...(await tabFaults(database, ledger, rows, options.confirmations)),
      ...(await jobFaults(database, rows)),
    ];
  } finally {
    await database.close();
  }
}

async function positionFaults(database: Database, { head }: Ledger, confirmations: number): Promise<string[]> {
  const { head: seen, final } = await readPosition(database);
  if (seen?.number === head.number && final?.number === Math.max(0, head.number - confirmations)) return [];
  return [`the store is at block ${seen?.number}, final ${final?.number}, and the chain at ${head.number}`];
}

async function requestFaults(options: BooksOptions, ledger: Ledger, rows: readonly JournalRow[]): Promise<string[]> {
  const entries = Map.groupBy(ledger.entries, ({ id }) => id);
  const known = new Set(rows.map(({ id }) => id));
  const faults = [...entries.keys()].filter((id) => !known.has(id)).map((id) => `${id} is on chain alone`);
  for (const row of rows) {
    const fault = faultOf(row, entries.get(row.id) ?? [], ledger) ?? (await penaltyFault(options, row, entries));
    if (fault !== undefined) faults.push(`${row.id} ${fault}`);
  }
  return faults;
}

/** Why the end of a request is not the one that the chain gave it. */
function faultOf(row: JournalRow, entries: readonly LedgerEntry[], { head }: Ledger): string | undefined {
  const settled = entries.filter(({ kind }) => kind === "settled");
  const [first] = settled;
  if (settled.length > 1) return `was settled ${settled.length} times`;
  if (row.state === "reserved" && row.closed !== "refunded") return "was promised, and neither answered nor given back";
  if (first !== undefined) {
    if (first.amount !== row.charge || first.output !== row.output) return "was settled otherwise than answered";
    return row.closed === "settled" ? undefined : `was settled, and the store has it as ${row.closed ?? "open"}`;
  }
  if (entries.some(({ kind }) => kind === "reclaimed")) {
    return row.closed === "refunded" ? undefined : `was refunded, and the store has it as ${row.closed ?? "open"}`;
  }
  if (row.closed !== "expired") return `has no settlement, and the store has it as ${row.closed ?? "open"}`;
  if (row.request.locked) return "is a lock that expired and was not refunded";
  return row.request.deadline < head.timestamp ? undefined : "was given up before its deadline";
}

/** An answer that nobody proved costs its penalty: it was taken, or can be. */
async function penaltyFault(
  { client, deployment }: BooksOptions,
  row: JournalRow,
  entries: ReadonlyMap<Hex, readonly LedgerEntry[]>,
): Promise<string | undefined> {
  if (row.closed !== "expired" || row.request.penalty === 0n) return undefined;
  if (entries.get(row.id)?.some(({ kind }) => kind === "penalised") === true) return undefined;
  const { request, signature, output, charge, receipt } = jobOf(row);
  const contract = { address: deployment.escrow, abi: escrowAbi } as const;
  const parties = [request.payer, request.provider] as const;
  const { stake, funds } = await client.readContract({ ...contract, functionName: "tabOf", args: parties });
  if (stake === 0n || funds < charge) return undefined;
  const args = [request, signature, output, charge, receipt] as const;
  try {
    await client.simulateContract({ ...contract, functionName: "slash", args });
    return undefined;
  } catch (error) {
    return `expired, and its penalty cannot be taken: ${(error as Error).message.split("\n")[0]}`;
  }
}

async function outcomeFaults(database: Database, ledger: Ledger, rows: readonly JournalRow[]): Promise<string[]> {
  const known = new Set(rows.map(({ id }) => id));
  const outcomes = await findOutcomes(database, [...known]);
  const inStore = new Set(outcomes.map(lineOf));
  const onChain = new Set(ledger.entries.filter(({ id }) => known.has(id)).map(lineOf));
  return [
    ...[...onChain.difference(inStore)].map((line) => `the store misses: ${line}`),
    ...[...inStore.difference(onChain)].map((line) => `the store alone has: ${line}`),
  ];
}

function lineOf({ id, kind, amount, block, transaction }: Omit<LedgerEntry, "output">): string {
  return `${id} ${kind} for ${amount} in block ${block} by ${transaction}`;
}

async function tabFaults(
  database: Database,
  { head, tabs }: Ledger,
  rows: readonly JournalRow[],
  confirmations: number,
): Promise<string[]> {
  const faults: string[] = [];
  for (const { payer, counted, read } of tabs) {
    const [final, latest, kept] = await Promise.all([
      read(BigInt(Math.max(0, head.number - confirmations))),
      read(BigInt(head.number)),
      readTab(database, payer),
    ]);
    const own = rows.filter(({ request }) => !request.locked && request.payer === payer);
    const foreign = await database.query("SELECT FROM assay.foreign_nonces WHERE payer = $1", [payer.toLowerCase()]);
    const promised = own
      .filter(({ closed }) => closed === undefined)
      .reduce((sum, { charge, request }) => sum + (charge ?? request.price), 0n);
    const expected = {
      funds: final.funds,
      stake: final.stake < latest.stake ? final.stake : latest.stake,
      exitAt: latest.exitAt === 0 ? final.exitAt : latest.exitAt,
      promised,
      issued: own.length + foreign.length,
    };
    for (const [what, amount] of Object.entries(expected)) {
      const found = kept[what as keyof typeof expected];
      if (found !== amount) faults.push(`tab of ${payer}: ${what} is ${found} in the store and should be ${amount}`);
    }
    if (latest.funds !== counted) faults.push(`tab of ${payer}: ${latest.funds} on chain, ${counted} by its events`);
  }
  return faults;
}

async function jobFaults(database: Database, rows: readonly JournalRow[]): Promise<string[]> {
  const jobs = await database.query<{ id: Hex; count: number }>(
    "SELECT singleton_key AS id, count(*)::integer AS count FROM pgboss.job WHERE state <= 'active' " +
      "AND singleton_key IS NOT NULL GROUP BY singleton_key",
  );
  const requests = new Map(rows.map((row) => [row.id, row]));
  const live = new Set(jobs.map(({ id }) => id));
  return [
    ...jobs.filter(({ count }) => count > 1).map(({ id, count }) => `${id} has ${count} jobs`),
    ...jobs
      .filter(({ id }) => requests.get(id)?.closed !== undefined || !requests.has(id))
      .map(({ id }) => `${id} has a job, and is over`),
    ...rows.filter((row) => isOwed(row) && !live.has(row.id)).map(({ id }) => `${id} is owed a proof, and has no job`),
  ];
}

function isOwed({ state, closed }: JournalRow): boolean {
  return state === "answered" && closed === undefined;
}
