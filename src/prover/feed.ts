/** Jobs of a stranger's gateway, over HTTP. Nothing that it says is believed. */
import type { Address, Hex } from "viem";
import { z } from "zod";

import { jobSchema, type Job } from "../protocol/wire.ts";
import { JobRefusedError, type JobCheck } from "./job-check.ts";
import { LeaseLostError, type JobSource, type Leased } from "./job-source.ts";
import { plain } from "./plain.ts";
import { FeedAnswerError, postJson, type Posted, type PostOptions } from "./post-json.ts";

export type FeedOptions = {
  readonly url: string;
  readonly prover: Address;
  /** Ids of the models to ask for. */
  readonly models: readonly Hex[];
  readonly check: JobCheck;
  readonly timeoutMs?: number;
  readonly mostBytes?: number;
  /** Told of each job that is not taken. The id is missing where the job could not even be read. */
  readonly onRefused?: (reason: string, id?: Hex) => void;
};

const TIMEOUT_MS = 10_000;
/** A job of the largest shipped model has 10 kB. */
const MOST_BYTES = 4_000_000;
/** How many refused jobs are known again. */
const MOST_REMEMBERED = 10_000;

/** The most that a gateway leases at once. */
const MOST_LEASED = 64;

/** What names the lease ends up in an address, so that it must not be able to lead to another one. */
const leasedSchema = z.object({ job: z.unknown(), lease: z.string().regex(/^[\w-]{1,128}$/), until: z.number() });

/** Starts taking jobs from a gateway. */
export function startFeed(options: FeedOptions): JobSource {
  const { prover, models, check, onRefused = () => {} } = options;
  const base = feedAddress(options.url);
  const stopping = new AbortController();
  const posting: PostOptions = {
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    mostBytes: options.mostBytes ?? MOST_BYTES,
    signal: stopping.signal,
  };
  const post = (path: string, body: unknown = {}): Promise<Posted> => postJson(new URL(path, base), body, posting);
  const inHand = new Map<Hex, { readonly job: Job; lease: string }>();
  const refused = new Set<Hex>();

  const remember = (id: Hex): void => {
    refused.add(id);
    const [oldest] = refused;
    if (refused.size > MOST_REMEMBERED && oldest !== undefined) refused.delete(oldest);
  };

  const release = async (lease: string): Promise<void> => {
    const { status } = await post(`v1/jobs/${lease}/give-back`);
    // In another's hand already, it needs no giving back.
    if (status !== 204 && status !== 409) throw new FeedAnswerError(base.origin, `its status is ${status}`);
  };

  /** Hands on what stands every check, and gives the others back. */
  const take = async (given: unknown, lease: string): Promise<Leased | undefined> => {
    const { success, data: job, error } = jobSchema.safeParse(given);
    if (!success) {
      onRefused(plain(z.prettifyError(error)));
      return undefined;
    }
    const { id } = job;
    const known = inHand.get(id);
    if (known !== undefined) {
      known.lease = lease;
      return undefined;
    }
    try {
      if (refused.has(id)) throw new KnownRefusalError();
      await check(
        job,
        [...inHand.values()].map((other) => other.job),
      );
    } catch (cause) {
      await release(lease).catch(() => {});
      if (cause instanceof JobRefusedError) {
        if (cause.isForGood) remember(id);
        onRefused(cause.message, id);
      } else if (!(cause instanceof KnownRefusalError)) {
        throw cause;
      }
      return undefined;
    }
    const held = { job, lease };
    inHand.set(id, held);
    return {
      job,
      async keep() {
        const { status } = await post(`v1/jobs/${held.lease}/keep`);
        if (status === 409) {
          inHand.delete(id);
          throw new LeaseLostError(id);
        }
        if (status !== 204) throw new FeedAnswerError(base.origin, `its status is ${status}`);
      },
      // The gateway learns it from the chain.
      done: async () => void inHand.delete(id),
      giveBack: async (_reason, { forGood = false } = {}) => {
        if (forGood) remember(id);
        inHand.delete(id);
        await release(held.lease);
      },
    };
  };

  return {
    async lease(most) {
      const { status, body } = await post("v1/jobs/lease", { prover, most: Math.min(most, MOST_LEASED), models });
      if (status !== 200) throw new FeedAnswerError(base.origin, `its status is ${status}`);
      const parsed = z.object({ jobs: z.array(leasedSchema).max(most) }).safeParse(body);
      if (!parsed.success) throw new FeedAnswerError(base.origin, plain(z.prettifyError(parsed.error)));
      const taken: Leased[] = [];
      // One by one: each may draw on the tab of the one before.
      for (const { job, lease } of parsed.data.jobs) {
        try {
          const leased = await take(job, lease);
          if (leased !== undefined) taken.push(leased);
        } catch (error) {
          // The chain does not answer. Those in hand are proven meanwhile, and the leases of the others run out.
          if (taken.length === 0) throw error;
          break;
        }
      }
      return taken;
    },
    async stop() {
      await Promise.allSettled([...inHand.values()].map(({ lease }) => release(lease)));
      stopping.abort();
    },
  };
}

function feedAddress(text: string): URL {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (address === undefined || !["http:", "https:"].includes(address.protocol)) throw new NoFeedAddressError();
  if (!address.pathname.endsWith("/")) address.pathname += "/";
  return address;
}

/** A job was refused before. */
class KnownRefusalError extends Error {}

/** There is no address of a gateway. */
export class NoFeedAddressError extends Error {
  override readonly name = "NoFeedAddressError";

  constructor() {
    super("The address of a job feed is a gateway's, such as https://gateway.example.");
  }
}
