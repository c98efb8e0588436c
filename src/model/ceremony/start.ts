import { constants } from "node:fs";
import { access, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { checkFits, circuitSizeOf } from "./circuit-file.ts";
import { sha256Of, writeWhole } from "./files.ts";
import { CIRCUIT_FILE, TRANSCRIPT_FILE } from "./folder.ts";
import { readKey } from "./key-file.ts";
import { recognisePhase1, runJob } from "./step.ts";
import type { StepOptions } from "./step.ts";
import { formatTranscript, keyFileOf } from "./transcript.ts";
import type { Transcript } from "./transcript.ts";

/** Starts a ceremony for a circuit: a folder with the key that nobody has contributed to yet. */
export async function startCeremony(
  { circuit, phase1, folder }: { readonly circuit: string; readonly phase1: string; readonly folder: string },
  options: StepOptions = {},
): Promise<Transcript> {
  const target = resolve(folder);
  await access(target).then(
    () => {
      throw new CeremonyExistsError(folder);
    },
    () => {},
  );
  const size = await circuitSizeOf(circuit);
  const known = await recognisePhase1(phase1, options);
  checkFits(size, known);

  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  await mkdir(unfinished);
  try {
    const r1cs = join(unfinished, CIRCUIT_FILE);
    const key = join(unfinished, keyFileOf(0));
    await copyFile(circuit, r1cs, constants.COPYFILE_FICLONE);
    options.onStep?.("making the key");
    await runJob({ kind: "new", r1cs, phase1: known.path, key }, size.rows, options);
    const { contributions } = await readKey(key);
    const transcript: Transcript = {
      version: 1,
      circuit: await sha256Of(r1cs),
      phase1: { sha256: known.sha256, blake2b: known.blake2b },
      key: { file: keyFileOf(0), sha256: await sha256Of(key) },
      contributions,
    };
    await writeWhole(join(unfinished, TRANSCRIPT_FILE), formatTranscript(transcript));
    await rename(unfinished, target);
    return transcript;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** There is something where a ceremony should start. */
export class CeremonyExistsError extends Error {
  override readonly name = "CeremonyExistsError";
  readonly folder: string;

  constructor(folder: string) {
    super(`${folder} is there already. Name a folder that is not: a ceremony is never written over.`);
    this.folder = folder;
  }
}
