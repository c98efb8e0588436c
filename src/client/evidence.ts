/** What a provider answered and signed: enough for anyone to hold it to its word, on chain. */
import type { Hex } from "viem";
import { z } from "zod";

import { signedAnswerFields, signedAnswerToWire, uint256Schema, type SignedAnswer } from "../protocol/wire.ts";

export type Evidence = SignedAnswer & {
  /** A block before the answer: nothing about it is on chain before that. */
  readonly since: bigint;
};

/** Evidence in JSON. */
export const evidenceSchema = z.strictObject({
  ...signedAnswerFields,
  since: uint256Schema,
}) satisfies z.ZodType<Evidence>;

/** Writes evidence for JSON. */
export function evidenceToWire(evidence: Evidence): z.input<typeof evidenceSchema> {
  return { ...signedAnswerToWire(evidence), since: evidence.since.toString() };
}

/** Where evidence is kept until it is not needed any more. */
export type Book = {
  readonly keep: (evidence: Evidence) => Promise<void>;
  readonly all: () => Promise<readonly Evidence[]>;
  readonly drop: (id: Hex) => Promise<void>;
};

/** Keeps evidence as long as the program runs. */
export function memoryBook(): Book {
  const kept = new Map<Hex, Evidence>();
  return {
    keep: async (evidence) => void kept.set(evidence.id, evidence),
    all: async () => [...kept.values()],
    drop: async (id) => void kept.delete(id),
  };
}

/** A text that outlives the program: a key of `localStorage`, or a file. */
export type Page = {
  readonly read: () => Promise<string | null>;
  readonly write: (text: string) => Promise<void>;
};

/** Keeps evidence in a text; who else writes there at the same time loses it. */
export function pageBook(page: Page): Book {
  let last: Promise<unknown> = Promise.resolve();
  const kept = async (): Promise<Evidence[]> => {
    const text = await page.read();
    if (text === null || text === "") return [];
    const { success, data } = z.array(evidenceSchema).safeParse(parse(text));
    // Not taken for an empty one: the next write would lose what somebody may still be owed.
    if (!success) throw new DamagedBookError();
    return data;
  };
  /** One after the other, so that no change is made to what another one is about to write. */
  const change = (edit: (evidence: Evidence[]) => Evidence[]): Promise<void> => {
    const done = last.then(async () => page.write(JSON.stringify(edit(await kept()).map(evidenceToWire))));
    last = done.catch(() => {});
    return done;
  };
  return {
    keep: (evidence) => change((all) => [...all.filter(({ id }) => id !== evidence.id), evidence]),
    all: async () => {
      await last;
      return kept();
    },
    drop: (id) => change((all) => all.filter((each) => each.id !== id)),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is in the place of a book of evidence is none. */
export class DamagedBookError extends Error {
  override readonly name = "DamagedBookError";

  constructor() {
    super(
      "The book of evidence cannot be read, and was left as it is. Restore it, or move it away to start a new one.",
    );
  }
}
