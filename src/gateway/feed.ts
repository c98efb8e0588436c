/**
 * Jobs for provers outside the provider's walls, of models whose owner opened them. A stranger may lease a few, for a
 * while, and one job is offered twice at most: what it does not prove, the provider's own provers do in good time.
 */
import { randomUUID } from "node:crypto";

import type { Address, Hex } from "viem";

import { jobToWire } from "../protocol/wire.ts";
import type { LeasedId } from "../store/jobs.ts";
import { jobOf, noteOffers } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import type { ChainTime } from "./chain-time.ts";
import { Problem } from "./problem.ts";
import type { Shop } from "./shop.ts";

/** Time to prove a batch and to settle it. */
const LEASE_SECONDS = 300;
/** Later, the provider's own provers have to be at work. */
const LEAST_SECONDS = 900;
/** To one address at the same time. */
const MOST_LEASED = 64;
const MOST_OFFERS = 2;

export type LeaseOrder = { readonly prover: Address; readonly most: number; readonly models: readonly Hex[] };

export type Feed = {
  readonly lease: (order: LeaseOrder, from: string) => Promise<LeasedJob[]>;
  readonly keep: (lease: string) => Promise<void>;
  readonly giveBack: (lease: string) => Promise<void>;
};

function now(): number {
  return Date.now() / 1000;
}

type LeasedJob = { readonly job: ReturnType<typeof jobToWire>; readonly lease: string; readonly until: number };

type Lease = { readonly leased: LeasedId; readonly from: string; readonly prover: Address; readonly until: number };

export function openFeed(store: Store, shop: Shop, time: ChainTime): Feed {
  const leases = new Map<string, Lease>();
  const find = (lease: string): Lease => {
    const found = leases.get(lease);
    if (found === undefined || found.until < now()) {
      leases.delete(lease);
      throw new Problem("lease-lost", "This lease is over, or was never given here. Lease anew.");
    }
    return found;
  };
  return {
    async lease({ prover, most, models }, from) {
      for (const [lease, { until }] of leases) if (until < now()) leases.delete(lease);
      const open = models.filter((model) => shop.get(model)?.openJobs === true);
      if (open.length === 0) throw new Problem("not-open", "None of these models' jobs are open to other provers.");
      const held = [...leases.values()].filter((lease) => lease.from === from).length;
      const granted: LeasedJob[] = [];
      for (const model of open) {
        const room = Math.min(most - granted.length, MOST_LEASED - held - granted.length);
        if (room <= 0) break;
        granted.push(...(await offer(model, room, prover, from)));
      }
      return granted;
    },
    async keep(lease) {
      const { leased } = find(lease);
      if (!(await store.jobs.keep(leased))) throw new Problem("lease-lost", "This lease is over. Lease anew.");
    },
    async giveBack(lease) {
      const { leased } = find(lease);
      leases.delete(lease);
      await store.jobs.putBack(leased);
    },
  };

  async function offer(model: Hex, most: number, prover: Address, from: string): Promise<LeasedJob[]> {
    const taken = await store.jobs.lease(model, most);
    const rows = new Map((await store.journal.find(taken.map(({ id }) => id))).map((row) => [row.id, row]));
    const fit = taken.flatMap(({ id }) => {
      const row = rows.get(id);
      const isFit = row?.receipt !== undefined && row.closed === undefined;
      return isFit && row.request.deadline - time.latest() >= LEAST_SECONDS ? [id] : [];
    });
    const offers = await noteOffers(store.database, fit);
    const given: LeasedJob[] = [];
    for (const leased of taken) {
      const row = rows.get(leased.id);
      const offered = offers.get(leased.id);
      if (row === undefined || offered === undefined || offered > MOST_OFFERS) {
        await store.jobs.putBack(leased);
        continue;
      }
      // A name of its own for each lease: the queue's stays the same when a job is leased again.
      const lease = randomUUID();
      const until = Math.floor(now()) + LEASE_SECONDS;
      leases.set(lease, { leased, from, prover, until });
      given.push({ job: jobToWire(jobOf(row)), lease, until });
    }
    return given;
  }
}
