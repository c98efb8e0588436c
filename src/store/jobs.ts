/** The queue of answers that wait for their proofs: pg-boss, in the database of the journal. */
import { PgBoss } from "pg-boss";
import type { Hex } from "viem";

import { asJson, type Database } from "./database.ts";
import { inTurn } from "./schema.ts";

/** A leased job is somebody else's again when its prover was silent for so long. */
const SILENCE_SECONDS = 20;
const SUPERVISE_SECONDS = 5;
/** However silent a prover is not: a proof takes seconds, and a batch waits minutes. */
const LONGEST_SECONDS = 3600;
const RETRY_SECONDS = 2;
const RETRY_MOST_SECONDS = 60;
/** There is a deadline; what is behind it is not leased. */
const TRIES = 10_000;
/** How long a finished job is kept, for whoever looks after the queue. */
const KEPT_SECONDS = 600;
/** The largest priority that a deadline can be taken from: the earlier the deadline, the higher the priority. */
const LATEST = 2 ** 31 - 1;

/** A request that somebody is to prove: `lease` is the job's name in the queue. */
export type LeasedId = { readonly id: Hex; readonly lease: string; readonly model: Hex };

export type JobQueue = {
  /** Makes room for a model's jobs: the journal adds them, and none that waits or is worked on a second time. */
  readonly open: (models: readonly Hex[]) => Promise<void>;
  readonly lease: (model: Hex, most: number) => Promise<LeasedId[]>;
  /** Whether a job is still leased to whoever says so. */
  readonly keep: (leased: LeasedId) => Promise<boolean>;
  readonly complete: (leased: LeasedId) => Promise<void>;
  /** For later: each time a job is given back, it waits longer for the next prover. */
  readonly giveBack: (leased: LeasedId, reason: string) => Promise<void>;
  /** As if it had never been leased: what strangers do with jobs must not make them wait. */
  readonly putBack: (leased: LeasedId) => Promise<void>;
  /** Adds jobs for answers that are owed a proof and have none, as after a reorganisation; says how many. */
  readonly recover: (now: number) => Promise<number>;
  /** How many wait for a prover, and how many are with one. */
  readonly depth: () => Promise<{ readonly waiting: number; readonly active: number }>;
  readonly stop: () => Promise<void>;
};

type Data = { readonly id: Hex };

/**
 * Opens the queue.
 *
 * @param onError Told of what the queue's own upkeep meets; it goes on by itself.
 */
export async function openJobs(database: Database, onError: (error: Error) => void): Promise<JobQueue> {
  const boss = new PgBoss({
    db: {
      async executeSql(text, values) {
        const isScript = values === undefined || values.length === 0;
        return { rows: await (isScript ? database.script(text) : database.query(text, values)) };
      },
    },
    backend: database.kind === "folder" ? "pglite" : "postgres",
    schedule: false,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
    maintenanceIntervalSeconds: KEPT_SECONDS,
  });
  boss.on("error", onError);
  await inTurn(database, async () => {
    await boss.start();
  });
  const opened = new Set<Hex>();
  /**
   * A queue's function in the database, made of what pg-boss inserts by: so that the journal adds jobs in its own statement,
   * which is planned once.
   */
  const define = async (model: Hex): Promise<void> => {
    let insertion = "";
    const db = {
      async executeSql(text: string) {
        insertion = text;
        return { rows: [] };
      },
    };
    await boss.insert(queueOf(model), [], { db });
    const name = adderOf(model);
    await database.script(`CREATE OR REPLACE FUNCTION assay.${name}(added json) RETURNS void LANGUAGE plpgsql AS $added$
      DECLARE jobs json;
      BEGIN
        SELECT json_agg(json_build_object('data', json_build_object('id', a.id), 'singletonKey', a.id,
          'priority', ${LATEST} - least(a.deadline, ${LATEST}))) INTO jobs
        FROM json_to_recordset(added) AS a(id text, deadline bigint);
        ${insertion.replaceAll("$1", "jobs")};
      END $added$`);
    opened.add(model);
  };
  return {
    async open(models) {
      for (const model of models) {
        const options = {
          expireInSeconds: LONGEST_SECONDS,
          heartbeatSeconds: SILENCE_SECONDS,
          retryLimit: TRIES,
          retryDelay: RETRY_SECONDS,
          retryBackoff: true,
          retryDelayMax: RETRY_MOST_SECONDS,
          deleteAfterSeconds: KEPT_SECONDS,
        };
        await inTurn(database, async () => {
          await boss.createQueue(queueOf(model), { policy: "exclusive", ...options });
          await define(model);
        });
      }
    },
    async recover(now) {
      const lost = await database.query<{ id: Hex; model: Hex; deadline: string }>(LOST, [now, asJson([...opened])]);
      for (const [model, own] of Map.groupBy(lost, (each) => each.model)) {
        await database.query(`SELECT assay.${adderOf(model)}($1::json)`, [asJson(own)]);
      }
      return lost.length;
    },
    async lease(model, most) {
      const jobs = await boss.fetch<Data>(queueOf(model), { batchSize: most });
      return jobs.map(({ id: lease, data: { id } }) => ({ id, lease, model }));
    },
    async keep({ model, lease }) {
      const { affected } = (await boss.touch(queueOf(model), lease)) as { affected: number };
      return affected > 0;
    },
    async complete({ model, lease }) {
      await boss.complete(queueOf(model), lease);
    },
    async giveBack({ model, lease }, reason) {
      await boss.fail(queueOf(model), lease, { reason });
    },
    async putBack({ lease }) {
      await database.query(
        "UPDATE pgboss.job SET state = 'created', started_on = NULL, heartbeat_on = NULL WHERE id = $1 AND state = 'active'",
        [lease],
      );
    },
    async depth() {
      const [row] = await database.query<{ waiting: number; active: number }>(
        "SELECT count(*) FILTER (WHERE state < 'active')::integer AS waiting, " +
          "count(*) FILTER (WHERE state = 'active')::integer AS active FROM pgboss.job WHERE state <= 'active'",
      );
      return row ?? { waiting: 0, active: 0 };
    },
    stop: () => boss.stop({ graceful: false, close: false }),
  };
}

/** Answers get their job in the transaction that writes them, so one that has none for a while has lost it. */
const LOST = `SELECT id, model, deadline FROM assay.requests r
  WHERE state = 'answered' AND closed IS NULL AND aside IS NULL AND deadline > $1
    AND model IN (SELECT jsonb_array_elements_text($2::jsonb))
    AND answered_at < clock_timestamp() - interval '10 seconds'
    AND NOT EXISTS (SELECT FROM assay.outcomes o WHERE o.request = r.id AND o.kind IN ('settled', 'reclaimed'))
    AND NOT EXISTS (SELECT FROM pgboss.job j WHERE j.name = 'prove.' || r.model AND j.policy = 'exclusive'
      AND COALESCE(j.singleton_key, '') = r.id AND j.state <= 'active')
  ORDER BY deadline LIMIT 1000`;

/** Its name is as the journal's function in the database makes it. */
function adderOf(model: Hex): string {
  return `add_${model.slice(2, 42)}`;
}

function queueOf(model: Hex): string {
  return `prove.${model}`;
}
