/**
 * Adding to a key. Contributors on different machines pass either the whole folder along, or the newest key alone, which
 * whoever keeps the folder takes in again.
 */
import { constants } from "node:fs";
import { access, copyFile, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { withUnfinished } from "./files.ts";
import { commitStep, openCeremony } from "./folder.ts";
import { isClosed, readKey } from "./key-file.ts";
import type { Contribution, KeyRecord } from "./key-file.ts";
import { checkKeyFile, recognisePhase1, runJob } from "./step.ts";
import type { StepOptions } from "./step.ts";
import { keyFileOf } from "./transcript.ts";
import { phase1Of } from "./verify.ts";

export type Contributor = {
  readonly name: string;
  /** Anything typed, mixed with fresh randomness of the system. */
  readonly text?: string;
};

/** As many as a key keeps. */
const MAX_NAME_LENGTH = 64;

/** Adds a contribution to a ceremony's folder. */
export async function contributeToFolder(
  folder: string,
  { name, text = "" }: Contributor,
  options: StepOptions = {},
): Promise<Contribution> {
  checkName(name);
  const ceremony = await openCeremony(folder);
  checkOpen(ceremony.record);
  const record = await commitStep(ceremony, async (key) => {
    options.onStep?.("contributing");
    await runJob({ kind: "contribution", from: ceremony.key, key, name, text }, ceremony.record.domain, options);
  });
  return record.contributions.at(-1) as Contribution;
}

/** Adds a contribution to a key that somebody sent, and writes the next one. Verify it first: see `verifyKeyFile`. */
export async function contributeToFile(
  from: string,
  { name, text = "" }: Contributor,
  options: StepOptions & { readonly out?: string | undefined } = {},
): Promise<{ readonly file: string; readonly contribution: Contribution }> {
  checkName(name);
  const before = await readKey(from);
  checkOpen(before);
  const { out = join(dirname(from), keyFileOf(before.contributions.length + 1)) } = options;
  await access(out).then(
    () => {
      throw new KeyExistsError(out);
    },
    () => {},
  );
  const record = await withUnfinished(dirname(out), async (unfinished) => {
    const key = join(unfinished, basename(out));
    options.onStep?.("contributing");
    await runJob({ kind: "contribution", from, key, name, text }, before.domain, options);
    const after = await readKey(key);
    await rename(key, out);
    return after;
  });
  return { file: out, contribution: record.contributions.at(-1) as Contribution };
}

/** Verifies a key that somebody sent, without the folder that it comes from. */
export async function verifyKeyFile(
  files: { readonly key: string; readonly circuit: string; readonly phase1: string },
  options: StepOptions = {},
): Promise<KeyRecord> {
  const record = await readKey(files.key);
  const phase1 = await recognisePhase1(files.phase1, options);
  await checkKeyFile({ key: files.key, r1cs: files.circuit, phase1 }, options);
  return record;
}

/** Takes a key in that was contributed to elsewhere. Only what extends the ceremony's newest key, and verifies, is. */
export async function acceptKey(
  folder: string,
  file: string,
  options: StepOptions & { readonly phase1?: string | undefined } = {},
): Promise<readonly Contribution[]> {
  const ceremony = await openCeremony(folder);
  checkOpen(ceremony.record);
  const known = ceremony.record.contributions;
  const record = await commitStep(ceremony, async (key) => {
    // What is checked is the copy, whatever becomes of the file.
    await copyFile(file, key, constants.COPYFILE_FICLONE);
    const given = await readKey(key);
    checkOpen(given);
    const isExtension =
      given.circuitHash === ceremony.record.circuitHash &&
      given.contributions.length > known.length &&
      isDeepStrictEqual(given.contributions.slice(0, known.length), known);
    if (!isExtension) throw new NotAnExtensionError(file, known.length);
    const phase1 = await phase1Of(ceremony.transcript, options);
    await checkKeyFile({ key, r1cs: ceremony.circuit, phase1 }, options);
  });
  return record.contributions.slice(known.length);
}

/** Refuses to add to a key that a beacon closed. */
export function checkOpen(record: Pick<KeyRecord, "contributions">): void {
  if (isClosed(record)) throw new CeremonyClosedError();
}

function checkName(name: string): void {
  if (name.trim() === "" || name.length > MAX_NAME_LENGTH || /\p{C}/u.test(name)) throw new BadNameError(name);
}

/** A key has its beacon. */
export class CeremonyClosedError extends Error {
  override readonly name = "CeremonyClosedError";

  constructor() {
    super("A beacon has closed this key, and nothing is added after it. Start another ceremony to go on.");
  }
}

/** A contributor's name cannot be kept or shown. */
export class BadNameError extends Error {
  override readonly name = "BadNameError";
  readonly given: string;

  constructor(given: string) {
    super(`A contributor's name has 1 to ${MAX_NAME_LENGTH} visible characters, got ${JSON.stringify(given)}.`);
    this.given = given;
  }
}

/** There is a file where a key should go. */
export class KeyExistsError extends Error {
  override readonly name = "KeyExistsError";
  readonly file: string;

  constructor(file: string) {
    super(`${file} is there already, and may be somebody's contribution. Name another file.`);
    this.file = file;
  }
}

/** A key that came back does not build on the ceremony's newest one. */
export class NotAnExtensionError extends Error {
  override readonly name = "NotAnExtensionError";
  readonly file: string;

  constructor(file: string, known: number) {
    super(
      `${file} does not add to this ceremony's newest key, which has ${known} contributions. ` +
        `Send ${keyFileOf(known)} to the contributor, and take in what comes back.`,
    );
    this.file = file;
  }
}
