/** The key of a model that is built: from a finished ceremony, or from one that is held here and now. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { cached, digest } from "../cache.ts";
import { contributeToFolder } from "../ceremony/contribute.ts";
import { FINAL_FILES, finishCeremony } from "../ceremony/finish.ts";
import { TRANSCRIPT_FILE, compare } from "../ceremony/folder.ts";
import { identifyPhase1 } from "../ceremony/known-phase1.ts";
import { startCeremony } from "../ceremony/start.ts";
import type { StepOptions } from "../ceremony/step.ts";
import { SNARKJS_VERSION } from "../groth16.ts";

export type Setup = { readonly key: Uint8Array; readonly transcript: Uint8Array };

export type SetupSource =
  /** A folder whose ceremony is over. */
  | { readonly ceremony: string; readonly phase1?: string | undefined }
  /** One contribution by this machine, on this phase 1: as good as the machine is honest. */
  | { readonly phase1: string; readonly cache?: string | undefined };

/** The key of a circuit, with the transcript of its making. */
export async function setupOf(r1cs: Uint8Array, source: SetupSource, options: StepOptions): Promise<Setup> {
  if (!("ceremony" in source)) return own(r1cs, source, options);
  const { ceremony, phase1 } = source;
  const { folder, hashes } = await finishCeremony(ceremony, { ...options, phase1 });
  compare("circuit's SHA-256", hashes.circuit, digest(r1cs));
  return {
    key: await readFile(join(folder, FINAL_FILES.provingKey)),
    transcript: await readFile(join(ceremony, TRANSCRIPT_FILE)),
  };
}

async function own(
  r1cs: Uint8Array,
  { phase1, cache }: { readonly phase1: string; readonly cache?: string | undefined },
  options: StepOptions,
): Promise<Setup> {
  const { sha256 } = await identifyPhase1(phase1);
  const decides = [digest(r1cs), sha256, SNARKJS_VERSION, "ceremony"];
  return cached(decides, ["key", "transcript"], () => hold(r1cs, phase1, options), cache);
}

async function hold(r1cs: Uint8Array, phase1: string, options: StepOptions): Promise<Record<keyof Setup, Uint8Array>> {
  const parent = await mkdtemp(join(tmpdir(), "assay-setup-"));
  const [circuit, folder] = [join(parent, "circuit.r1cs"), join(parent, "ceremony")];
  try {
    await writeFile(circuit, r1cs);
    await startCeremony({ circuit, phase1, folder }, options);
    await contributeToFolder(folder, { name: "builder" }, options);
    const final = await finishCeremony(folder, { ...options, phase1 });
    const [key, transcript] = await Promise.all([
      readFile(join(final.folder, FINAL_FILES.provingKey)),
      readFile(join(folder, TRANSCRIPT_FILE)),
    ]);
    return { key, transcript };
  } finally {
    await rm(parent, { recursive: true });
  }
}
