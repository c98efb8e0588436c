/**
 * From a circuit's source to all that proving needs, built once and then read from a cache that is keyed by the content
 * of everything that decides the result.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { hashSource } from "./circuit-source.ts";
import { COMPILER, compile } from "./compile.ts";
import type { CompiledCircuit } from "./compile.ts";
import { SNARKJS_VERSION, verificationKeyOf } from "./groth16.ts";
import type { VerificationKey } from "./groth16.ts";
import { DEVELOPMENT_PHASE1, checkPhase1 } from "./phase1.ts";
import { setUp } from "./setup.ts";

/** A circuit, ready to prove. */
export type ProvableCircuit = CompiledCircuit & {
  readonly provingKey: Uint8Array;
  readonly verificationKey: VerificationKey;
};

export type BuildOptions = {
  /** Who contributes to phase 2. Two names make two keys, and so two models, of one circuit. */
  readonly contributor?: string;
  /** Called as each step begins, with words for a progress line. */
  readonly onStep?: (step: string) => void;
  /** The folder that keeps what was built. */
  readonly cache?: string;
};

const CACHE = fileURLToPath(new URL("../../.cache/circuits/", import.meta.url));
const FILES = ["r1cs", "wasm", "provingKey"] as const;

/** Compiles a circuit, sets it up on the development phase 1, and contributes to it; or finds all that in the cache. */
export async function build(source: string, options: BuildOptions = {}): Promise<ProvableCircuit> {
  const { contributor = "development", onStep = () => {}, cache = CACHE } = options;
  const id = digest(
    JSON.stringify([await hashSource(source), COMPILER, SNARKJS_VERSION, DEVELOPMENT_PHASE1.sha256, contributor]),
  );
  const cached = await read(join(cache, id));
  if (cached !== undefined) return cached;

  onStep("compiling");
  const compiled = await compile(source);
  onStep("setting up");
  await checkPhase1(DEVELOPMENT_PHASE1);
  const provingKey = await setUp(compiled.r1cs, DEVELOPMENT_PHASE1, contributor);
  await write(join(cache, id), { ...compiled, provingKey });
  return { ...compiled, provingKey, verificationKey: await verificationKeyOf(provingKey) };
}

/** What a folder of the cache holds, if it is there and whole. */
async function read(folder: string): Promise<ProvableCircuit | undefined> {
  try {
    const hashes = JSON.parse(await readFile(join(folder, "sha256.json"), "utf8")) as Record<string, string>;
    const files = await Promise.all(FILES.map((file) => readFile(join(folder, file))));
    if (!FILES.every((file, index) => hashes[file] === digest(files[index] as Buffer))) return undefined;
    const [r1cs, wasm, provingKey] = files as [Buffer, Buffer, Buffer];
    return { r1cs, wasm, provingKey, verificationKey: await verificationKeyOf(provingKey) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes beside, then renames: another process sees all of it or nothing. */
async function write(folder: string, circuit: CompiledCircuit & { provingKey: Uint8Array }): Promise<void> {
  const unfinished = `${folder}.${randomUUID()}`;
  await mkdir(unfinished, { recursive: true });
  await Promise.all(FILES.map((file) => writeFile(join(unfinished, file), circuit[file])));
  const hashes = Object.fromEntries(FILES.map((file) => [file, digest(circuit[file])]));
  await writeFile(join(unfinished, "sha256.json"), JSON.stringify(hashes));
  await rm(folder, { recursive: true, force: true });
  try {
    await rename(unfinished, folder);
  } catch {
    // Another process was first with the same circuit. Its key serves as well; the caller keeps the one it has.
    await rm(unfinished, { recursive: true });
  }
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
