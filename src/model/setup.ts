import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { SetupFailedError } from "./groth16.ts";
import type { Phase1 } from "./phase1.ts";

// The largest setup that development's phase 1 allows takes less than a minute.
const TIME_LIMIT_MS = 300_000;

/**
 * Makes a circuit's proving key with one contribution, and verifies it against circuit and phase 1. In a process of its
 * own: a setup has been seen to hang, and the prover's threads do not start inside a thread.
 */
export async function setUp(r1cs: Uint8Array, phase1: Phase1, contributor: string): Promise<Uint8Array> {
  const body = fileURLToPath(new URL(`./setup-process${extname(import.meta.url)}`, import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), "assay-setup-"));
  const files = { r1cs: join(folder, "r1cs"), key: join(folder, "key") };
  try {
    await writeFile(files.r1cs, r1cs);
    const args = [body, files.r1cs, phase1.path, contributor, files.key];
    await promisify(execFile)(process.execPath, args, { timeout: TIME_LIMIT_MS });
    return await readFile(files.key);
  } catch (cause) {
    const { killed, stderr } = cause as { killed?: boolean; stderr?: string };
    const late = `it took longer than ${TIME_LIMIT_MS / 1000} seconds; try again`;
    throw new SetupFailedError(killed === true ? late : (stderr ?? String(cause)).trim());
  } finally {
    await rm(folder, { recursive: true });
  }
}
