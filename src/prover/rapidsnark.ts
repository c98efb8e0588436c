/** Proves with a rapidsnark binary, and trusts it as little as any other file: each proof is checked. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { numberToHex, type Hex } from "viem";

import { FILES, parseKey } from "../model/bundle/files.ts";
import { ProofRefusedError, type OpenModel } from "../model/bundle/open.ts";
import { bundleFiles } from "../model/bundle/reader.ts";
import { parseWeights } from "../model/bundle/weights-file.ts";
import { isProof, type Groth16Proof } from "../model/groth16.ts";
import { readProgram } from "../model/program/program-file.ts";
import { withSecrets } from "../model/program/secrets.ts";
import { circuitInputsOf, PUBLIC_SIGNALS } from "../model/signals.ts";
import { witnessOf } from "../model/witness.ts";
import { proofFromSnarkjs } from "../protocol/snarkjs.ts";
import { plain } from "./plain.ts";

export type Prove = OpenModel["prove"];

/** The last of what a failing program said is where it says why. */
const MOST_WORDS = 300;

/**
 * A built model's `prove`, done by a binary.
 *
 * @param scratch A folder that nobody else reads: witnesses hold the hidden inputs.
 */
export async function rapidsnarkProver(folder: string, binary: string, scratch: string): Promise<Prove> {
  const files = bundleFiles(folder);
  const key = parseKey(await files.text("verificationKey"));
  const { program, blinding } = await privateProgram(folder, files);
  const inputsOf = circuitInputsOf(program, blinding);
  return async ({ fields, salt, input, output }, context) => {
    const witness = await witnessOf(await files.bytes("witness"), inputsOf({ fields, salt, context }));
    const { proof, publicSignals } = await run(binary, join(folder, FILES.key), witness, scratch);
    const signals = publicSignals.slice(0, PUBLIC_SIGNALS);
    const asked = [input, output, word(context)] as const;
    const isAnswered = isDeepStrictEqual(
      signals.map((signal) => word(BigInt(signal))),
      asked,
    );
    // One of another circuit or of no points at all is refused here, not by the chain.
    if (!isAnswered || !(await isProof(key, { proof, publicSignals: signals }))) throw new ProofRefusedError();
    return { proof: proofFromSnarkjs(proof), input, output, context: asked[2] };
  };
}

async function privateProgram(folder: string, files: ReturnType<typeof bundleFiles>) {
  const shape = readProgram(await files.text("program"));
  const isPrivate = await access(join(folder, FILES.weights)).then(
    () => true,
    () => false,
  );
  if (!isPrivate) return { program: shape, blinding: 0n };
  const { secrets, blinding } = parseWeights(await files.text("weights"));
  return { program: withSecrets(shape, secrets), blinding };
}

type Proven = { readonly proof: Groth16Proof; readonly publicSignals: readonly string[] };

async function run(binary: string, key: string, witness: Uint8Array, scratch: string): Promise<Proven> {
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
async function read(proofFile: string, publicFile: string): Promise<Proven> {
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

function word(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
}

/** The binary made no proof. */
export class RapidsnarkFailedError extends Error {
  override readonly name = "RapidsnarkFailedError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`rapidsnark made no proof: ${reason}. Run it by hand on the model's key, or prove with snarkjs.`, options);
  }
}
