import { constants } from "node:fs";
import { copyFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { verificationKeyOf } from "../groth16.ts";
import { sha256Of, withUnfinished } from "./files.ts";
import { TRANSCRIPT_FILE, compare } from "./folder.ts";
import { NoContributionError, verifyCeremony } from "./verify.ts";
import type { CeremonyReport, VerifyOptions } from "./verify.ts";

/** SHA-256 of each file, and the phase 1's as the public list has it. */
export type FinalHashes = {
  readonly circuit: string;
  readonly phase1: { readonly sha256: string; readonly blake2b: string };
  readonly transcript: string;
  readonly provingKey: string;
  readonly verificationKey: string;
};

/** What `finish` leaves, below the ceremony's folder. */
export const FINAL_FOLDER = "final";
export const FINAL_FILES = {
  provingKey: "proving-key.zkey",
  verificationKey: "verification-key.json",
  hashes: "hashes.json",
} as const;

/** Verifies a ceremony as a whole, and exports its keys. */
export async function finishCeremony(
  folder: string,
  options: VerifyOptions = {},
): Promise<{ readonly report: CeremonyReport; readonly folder: string; readonly hashes: FinalHashes }> {
  const report = await verifyCeremony(folder, options);
  if (report.isForgeable) throw new NoContributionError();
  const { key, transcript } = report.ceremony;
  options.onStep?.("exporting");
  const final = join(folder, FINAL_FOLDER);
  const hashes = await withUnfinished(folder, async (unfinished) => {
    const provingKey = join(unfinished, FINAL_FILES.provingKey);
    const verificationKey = join(unfinished, FINAL_FILES.verificationKey);
    await copyFile(key, provingKey, constants.COPYFILE_FICLONE);
    const made: FinalHashes = {
      circuit: transcript.circuit,
      phase1: transcript.phase1,
      transcript: await sha256Of(join(folder, TRANSCRIPT_FILE)),
      provingKey: await sha256Of(provingKey),
      verificationKey: await writeJson(verificationKey, await verificationKeyOf(provingKey)),
    };
    // What was verified is what is exported, whoever else writes to the folder.
    compare("key's SHA-256", transcript.key.sha256, made.provingKey);
    await writeJson(join(unfinished, FINAL_FILES.hashes), made);
    await rm(final, { recursive: true, force: true });
    await rename(unfinished, final);
    return made;
  });
  return { report, folder: final, hashes };
}

async function writeJson(path: string, value: unknown): Promise<string> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
  return sha256Of(path);
}
