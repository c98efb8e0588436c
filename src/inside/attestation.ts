/** Evidence over a block: made when somebody asks for it, one at a time, and kept while others ask for the same. */
import type { Hex } from "viem";

import type { Evidence } from "../enclave/evidence.ts";
import { hashStatement, type ServingPolicy } from "../enclave/statement.ts";
import type { Tell } from "./events.ts";
import type { Platform } from "./platform/platform.ts";
import { Problem } from "./problem.ts";
import { keepRecent } from "./recent.ts";
import type { Statements } from "./statements.ts";

/** Blocks whose evidence is kept. */
const MOST_KEPT = 32;
/** Seconds for which it is kept: what platforms sign with is good for hours, and a chain may stand still for longer. */
const KEPT_SECONDS = 600;
/** Those who wait while a platform attests: it takes its time, and nobody can make it take more. */
const MOST_WAITING = 16;

export type AttestationOptions = {
  readonly policy: ServingPolicy;
  readonly platform: Platform;
  readonly statements: Statements;
  /** Seconds of Unix time. */
  readonly now: () => number;
  readonly tell: Tell;
};

export type Attestation = { readonly over: (block: Evidence["block"]) => Promise<Evidence> };

export function openAttestation({ policy, platform, statements, now, tell }: AttestationOptions): Attestation {
  const kept = keepRecent<string, Promise<Evidence>>(MOST_KEPT);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const make = async (block: Evidence["block"]): Promise<Evidence> => {
    // Taken in one's turn: the one of the time when somebody began to wait may be over.
    const statement = statements.current();
    const { document, collateral } = await platform.attest(hashStatement(statement), block.hash);
    tell({ kind: "attested", block: block.number, epoch: statement.epoch, expires: statement.expires });
    return {
      platform: platform.name,
      document: Buffer.from(document).toString("base64"),
      ...(collateral !== undefined && { collateral }),
      statement,
      policy,
      block,
    };
  };

  return {
    async over(block) {
      const key = [block.number, block.hash, statements.current().epoch, Math.floor(now() / KEPT_SECONDS)].join(" ");
      const known = kept.get(key);
      if (known !== undefined) return known;
      if (waiting >= MOST_WAITING) {
        throw new Problem("overloaded", `${waiting} wait for the platform already. Ask again in a second.`);
      }
      waiting += 1;
      const making = last
        .then(async () => make(block))
        .catch((cause: unknown) => {
          kept.drop(key);
          throw attestationProblem(cause);
        })
        .finally(() => {
          waiting -= 1;
        });
      last = making.catch(() => {});
      kept.put(key, making);
      return making;
    },
  };
}

/** The adapters' own errors say what to do. */
function attestationProblem(cause: unknown): Problem {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new Problem("attestation-failed", words, { cause });
}

export type BlockQuery = { readonly number: string | undefined; readonly hash: string | undefined };

/** Reads the block that evidence is to be over. */
export function readBlock({ number = "", hash = "" }: BlockQuery): Evidence["block"] {
  if (!/^(0|[1-9]\d{0,14})$/.test(number) || !/^0x[0-9a-f]{64}$/i.test(hash)) {
    throw new Problem("malformed-body", "Name a block by its number and its hash: /evidence?number=N&hash=0x...");
  }
  return { number: Number(number), hash: hash.toLowerCase() as Hex };
}
