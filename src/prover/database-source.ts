/** Jobs of the provider's own queue, in the database of its journal. */
import type { Hex } from "viem";

import { jobOf, noteProving, setAside, type JournalRow } from "../store/journal.ts";
import type { LeasedId } from "../store/jobs.ts";
import type { Store } from "../store/store.ts";
import { LeaseLostError, type JobSource, type Leased } from "./job-source.ts";

/** A gateway writes its signature a moment after the answer. */
const SIGNATURE_MS = 50;
const SIGNATURE_TRIES = 20;

/** @param models Those that this prover can prove. */
export function startDatabaseSource({ journal, jobs, database }: Store, models: readonly Hex[]): JobSource {
  const inHand = new Set<LeasedId>();
  let turn = 0;

  const lease = async (most: number): Promise<LeasedId[]> => {
    const leased: LeasedId[] = [];
    // Each time from another model on, so that none waits for all answers of another.
    for (let step = 0; step < models.length && leased.length < most; step++) {
      const model = models[(turn + step) % models.length] as Hex;
      leased.push(...(await jobs.lease(model, most - leased.length)));
    }
    turn += 1;
    return leased;
  };

  const findSigned = async (ids: readonly Hex[]): Promise<ReadonlyMap<Hex, JournalRow>> => {
    for (let tries = 0; ; tries++) {
      const rows = await journal.find(ids);
      const isSigned = rows.every(({ receipt, closed }) => receipt !== undefined || closed !== undefined);
      if (isSigned || tries === SIGNATURE_TRIES) return new Map(rows.map((row) => [row.id, row]));
      await new Promise((resolve) => {
        setTimeout(resolve, SIGNATURE_MS);
      });
    }
  };

  return {
    async lease(most) {
      const leased = await lease(most);
      if (leased.length === 0) return [];
      const rows = await findSigned(leased.map(({ id }) => id));
      const ready: Leased[] = [];
      for (const each of leased) {
        const row = rows.get(each.id);
        if (row === undefined || row.closed !== undefined) await jobs.complete(each);
        else if (row.receipt === undefined) await jobs.giveBack(each, "its receipt is not signed yet");
        else ready.push(toLeased(each, row));
      }
      await noteProving(
        database,
        ready.map(({ job }) => job.id),
      );
      return ready;
    },
    async stop() {
      await Promise.allSettled([...inHand].map((each) => jobs.giveBack(each, "the prover stops")));
    },
  };

  function toLeased(leased: LeasedId, row: JournalRow): Leased {
    inHand.add(leased);
    return {
      job: jobOf(row),
      async keep() {
        if (await jobs.keep(leased)) return;
        inHand.delete(leased);
        throw new LeaseLostError(leased.id);
      },
      async done() {
        await jobs.complete(leased);
        inHand.delete(leased);
      },
      async giveBack(reason, { forGood = false } = {}) {
        if (forGood) {
          await setAside(database, leased.id, reason);
          await jobs.complete(leased);
        } else {
          await jobs.giveBack(leased, reason);
        }
        inHand.delete(leased);
      },
    };
  }
}
