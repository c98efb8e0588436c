/** Proves with a rapidsnark binary, and trusts it as little as any other file: each proof is checked. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { MakeProof } from "../model/bundle/open.ts";
import type { Groth16Proof, ProvenSignals } from "../model/groth16.ts";
import { proofFromSnarkjs } from "../protocol/snarkjs.ts";
import { plain } from "./plain.ts";

/** The last of what a failing program said is where it says why. */
const MOST_WORDS = 300;

/**
 * Makes proofs by a binary.
 *
 * @param scratch A folder that nobody else reads: witnesses hold the hidden inputs.
 */
export function byRapidsnark(binary: string, scratch: string): MakeProof {
  return (key, witness) => run(binary, key.path, witness, scratch);
}

async function run(binary: string, key: string, witness: Uint8Array, scratch: string): Promise<ProvenSignals> {
  const folder = await mkdtemp(join(scratch, "proof-"));
  const [witnessFile, proofFile, publicFile] = ["witness.wtns", "proof.json", "public.json"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  try {
    await writeFile(witnessFile, witness);
    const running = spawn(binary, [key, witnessFile, proofFile, publicFile], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const listen = (text: string): void => {
      said = (said + text).slice(-MOST_WORDS);
    };
    running.stdout.setEncoding("utf8").on("data", listen);
    running.stderr.setEncoding("utf8").on("data", listen);
    await once(running, "close").catch((cause: unknown) => {
      throw new RapidsnarkFailedError("it could not be started", { cause });
    });
    const { exitCode, signalCode } = running;
    if (exitCode !== 0) {
      throw new RapidsnarkFailedError(
        `it ended with ${signalCode ?? `code ${exitCode}`}. ${plain(said.trim())}`.trim(),
      );
    }
    return await read(proofFile, publicFile);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the binary wrote. It may be of any form: the points are looked at when the proof is checked. */
async function read(proofFile: string, publicFile: string): Promise<ProvenSignals> {
  try {
    // Some builds end their files with bytes of zero.
    const [proof, publicSignals] = (
      await Promise.all([proofFile, publicFile].map((file) => readFile(file, "utf8")))
    ).map((text) => JSON.parse(text.replace(/\0+$/, "")) as unknown);
    // Refuses what is no proof, and what is on no curve.
    proofFromSnarkjs(proof);
    if (!Array.isArray(publicSignals) || !publicSignals.every((signal) => /^\d{1,78}$/.test(String(signal)))) {
      throw new RapidsnarkFailedError("it wrote public signals that are no list of numbers");
    }
    return { proof: proof as Groth16Proof, publicSignals: publicSignals.map(String) };
  } catch (cause) {
    if (cause instanceof RapidsnarkFailedError) throw cause;
    throw new RapidsnarkFailedError(`what it wrote is no proof: ${(cause as Error).message}`, { cause });
  }
}

/** The binary made no proof. */
export class RapidsnarkFailedError extends Error {
  override readonly name = "RapidsnarkFailedError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`rapidsnark made no proof: ${reason}. Run it by hand on the model's key, or prove with snarkjs.`, options);
  }
}
