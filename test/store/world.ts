/** Stores of one provider on either kind of database, orders for them, and a chain of blocks that a test makes up. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { Client } from "pg";
import { keccak256, numberToHex, toHex, zeroAddress, type Address, type Hex } from "viem";

import type { Postgres } from "../../scripts/local/postgres.ts";
import type { Block } from "../../src/chain/blocks.ts";
import type { EscrowEvent } from "../../src/chain/events.ts";
import { JOURNAL_RULES } from "../../src/gateway/settings.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import { idOf, type Request } from "../../src/protocol/request.ts";
import { fromHex } from "../../src/protocol/signature.ts";
import { readPosition, takeStep, type TabReading } from "../../src/store/chain-state.ts";
import type { StoreLocation } from "../../src/store/database.ts";
import type { Order } from "../../src/store/journal.ts";
import { openStore, type Store, type StoreOptions } from "../../src/store/store.ts";
import { postgresOrSkip } from "../helpers/postgres.ts";

export const DEPLOYMENT: Deployment = { chainId: 31_337, escrow: "0x5fbdb2315678afecb367f032d93f642f64180aa3" };
export const PROVIDER: Address = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc";
export const MODEL: Hex = numberToHex(7, { size: 32 });
/** Of the first block that tests make up. */
export const START = 1_800_000_000;
export const PRICE = 100n;
/** The journal keeps signatures, and leaves it to the desk to check them. */
export const SIGNATURE = fromHex(`0x${"11".repeat(64)}`);

export type Kind = "folder" | "server";

export type Place = {
  /** A place without a database of ours. */
  readonly fresh: () => Promise<StoreLocation>;
  /** Opens a store with one model's queue, which is closed after the suite. */
  readonly open: (location?: StoreLocation, changes?: Partial<StoreOptions>) => Promise<Store>;
};

/** The same suite on both kinds of database. */
export function describeOnBoth(title: string, suite: (place: Place, kind: Kind) => void): void {
  for (const kind of ["folder", "server"] as const) {
    describe(`${title}, on a ${kind}`, () => suite(placeOf(kind), kind));
  }
}

/** `it`, for what needs a database that several share: a folder belongs to one. */
export function itWhereShared(kind: Kind) {
  return (title: string, body: () => Promise<void>): void => {
    if (kind === "server") it(title, body);
  };
}

/** Places for databases; to be called in a suite, which it adds hooks to. */
export function placeOf(kind: Kind): Place {
  let postgres: Postgres | undefined;
  let scratch = "";
  let count = 0;
  const opened: Store[] = [];
  before(async function () {
    scratch = await mkdtemp(join(tmpdir(), "assay-store-"));
    if (kind === "server") postgres = await postgresOrSkip(this);
  });
  after(async () => {
    for (const store of opened) await store.close();
    await postgres?.stop();
    await rm(scratch, { recursive: true });
  });
  const fresh = async (): Promise<StoreLocation> => {
    count += 1;
    if (postgres === undefined) return { folder: join(scratch, `store-${count}`) };
    const admin = new Client(postgres.url);
    await admin.connect();
    await admin.query(`CREATE DATABASE store_${count}`);
    await admin.end();
    const url = new URL(postgres.url);
    url.pathname = `store_${count}`;
    return { url: url.href };
  };
  return {
    fresh,
    async open(location, changes = {}) {
      const store = await openStore({
        location: location ?? (await fresh()),
        deployment: DEPLOYMENT,
        provider: PROVIDER,
        rules: JOURNAL_RULES,
        onError() {},
        ...changes,
      });
      let isOpen = true;
      const closing = {
        ...store,
        async close() {
          if (isOpen) await store.close();
          isOpen = false;
        },
      };
      opened.push(closing);
      await store.jobs.open([MODEL]);
      return closing;
    },
  };
}

/** The address of somebody who pays. */
export function payerOf(name: string | number): Address {
  return `0x${keccak256(toHex(`payer ${name}`)).slice(-40)}`;
}

/** An order as the desk makes it of a signed request that it has checked. */
export function orderOf(payer: Address, nonce: number | bigint, changes: Partial<Request> = {}): Order {
  const request: Request = {
    payer,
    provider: PROVIDER,
    verifier: zeroAddress,
    consumer: zeroAddress,
    model: MODEL,
    input: numberToHex(9, { size: 32 }),
    price: PRICE,
    proverFee: 1n,
    penalty: 10n,
    deadline: START + 3600,
    locked: false,
    nonce: BigInt(nonce),
    ...changes,
  };
  return { id: idOf(request, DEPLOYMENT), request, signature: SIGNATURE, fields: [1, 2], salt: 3n };
}

export function answerTo({ id, request }: Order, charge = request.price) {
  return { id, output: numberToHex(11, { size: 32 }), charge };
}

/** Reserves and answers. */
export async function answered(store: Store, order: Order): Promise<Order> {
  expect(await store.journal.reserve(order)).to.equal("reserved");
  expect(await store.journal.answer(answerTo(order))).to.equal(true);
  return order;
}

/** Lets all reservations lapse, as time would. */
export async function lapse(store: Store): Promise<void> {
  await store.database.query("UPDATE assay.requests SET held_until = clock_timestamp() - interval '1 second'");
}

export function blockAt(number: number, timestamp = START + number): Block {
  return { number, hash: keccak256(toHex(`block ${number} at ${timestamp}`)), timestamp };
}

export type MadeStep = {
  readonly head: number;
  readonly final?: number;
  readonly dropAbove?: number;
  readonly events?: readonly EscrowEvent[];
  readonly tabs?: readonly (Partial<TabReading> & Pick<TabReading, "payer">)[];
  /** Seconds from START to the time of the final block. */
  readonly time?: number;
};

/** It covers what tests ask for. */
const TAB = { funds: 1_000_000n, stake: 1000n, exitAt: 0 };

/** Takes a step in as a gateway does that has read the position just now. */
export async function step(store: Store, { head, final = head, dropAbove, events = [], tabs = [], time }: MadeStep) {
  const made = {
    dropAbove,
    events,
    head: blockAt(head),
    final: blockAt(final, START + (time ?? final)),
    cursor: [blockAt(head)],
    behind: 0,
  };
  const readings = tabs.map((tab) => ({ ...TAB, ...tab }));
  return takeStep(store.database, await readPosition(store.database), made, PROVIDER, readings);
}

/** Gives payers tabs. */
export async function fund(store: Store, payers: readonly Address[], tab: Partial<TabReading> = {}): Promise<void> {
  const { head } = await readPosition(store.database);
  const tabs = payers.map((payer) => ({ payer, ...tab }));
  await step(store, { head: (head?.number ?? 0) + 1, tabs });
}

/** A settlement as the follower tells it. */
export function settled({ id, request: { payer, provider, price } }: Order, block: number, logIndex = 0): EscrowEvent {
  const output = numberToHex(11, { size: 32 });
  return {
    name: "Settled",
    args: { id, payer, provider, prover: payerOf("prover"), output, charge: price },
    block: blockAt(block),
    transaction: keccak256(toHex(`transaction of ${id} in ${block}`)),
    logIndex,
  };
}
