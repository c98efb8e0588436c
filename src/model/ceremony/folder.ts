/**
 * A ceremony on disk: the circuit, a key for every step, and the transcript. The transcript is renamed into place last,
 * so that a step is either all there or has not happened.
 */
import { access, readFile, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { sha256Of, withUnfinished, writeWhole } from "./files.ts";
import { readKey } from "./key-file.ts";
import type { KeyRecord } from "./key-file.ts";
import { formatTranscript, keyFileOf, parseTranscript } from "./transcript.ts";
import type { Transcript } from "./transcript.ts";

export const CIRCUIT_FILE = "circuit.r1cs";
export const TRANSCRIPT_FILE = "transcript.json";

/** A ceremony whose transcript agrees with its circuit and its newest key. */
export type Ceremony = {
  readonly folder: string;
  readonly circuit: string;
  readonly key: string;
  readonly record: KeyRecord;
  readonly transcript: Transcript;
};

/** Opens a ceremony. Whether its key is sound is not checked here: see `verifyCeremony`. */
export async function openCeremony(folder: string): Promise<Ceremony> {
  const transcript = parseTranscript(await readTranscript(folder));
  const circuit = join(folder, CIRCUIT_FILE);
  const key = join(folder, transcript.key.file);
  for (const path of [circuit, key]) {
    await access(path).catch(() => {
      throw new NoCeremonyError(folder, basename(path));
    });
  }
  compare("circuit's SHA-256", transcript.circuit, await sha256Of(circuit));
  const record = await readKey(key);
  compare("key's SHA-256", transcript.key.sha256, await sha256Of(key));
  compare("key's number", transcript.key.file, keyFileOf(record.contributions.length));
  compare("list of contributions", transcript.contributions, record.contributions);
  return { folder, circuit, key, record, transcript };
}

/** Adds a step to a ceremony: `makeKey` writes the next key to the path that it is given. */
export async function commitStep(ceremony: Ceremony, makeKey: (path: string) => Promise<void>): Promise<KeyRecord> {
  const { folder } = ceremony;
  return withUnfinished(folder, async (unfinished) => {
    const made = join(unfinished, "key.zkey");
    await makeKey(made);
    const record = await readKey(made);
    const file = keyFileOf(record.contributions.length);
    const key = { file, sha256: await sha256Of(made) };
    await rename(made, join(folder, file));
    const transcript = { ...ceremony.transcript, key, contributions: record.contributions };
    await writeWhole(join(folder, TRANSCRIPT_FILE), formatTranscript(transcript));
    return record;
  });
}

/** Refuses two files that are about different things. */
export function compare(what: string, said: unknown, found: unknown): void {
  if (!isDeepStrictEqual(said, found)) throw new TranscriptMismatchError(what);
}

async function readTranscript(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, TRANSCRIPT_FILE), "utf8");
  } catch (cause) {
    throw new NoCeremonyError(folder, TRANSCRIPT_FILE, { cause });
  }
}

/** A folder is no ceremony's, or lacks a file of it. */
export class NoCeremonyError extends Error {
  override readonly name = "NoCeremonyError";
  readonly folder: string;

  constructor(folder: string, missing: string, options?: ErrorOptions) {
    super(
      `There is no ${missing} in ${folder}. Give a folder that "ceremony start" made, with all its files.`,
      options,
    );
    this.folder = folder;
  }
}

/** A transcript does not say what the files are. */
export class TranscriptMismatchError extends Error {
  override readonly name = "TranscriptMismatchError";
  readonly what: string;

  constructor(what: string) {
    super(`The transcript has another ${what} than the files. One of them was changed: ask for the folder again.`);
    this.what = what;
  }
}
