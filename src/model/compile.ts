import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, parse, resolve } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";

import { cached } from "./cache.ts";
import { GADGETS, hashSource, LIBRARY } from "./circuit-source.ts";

const require = createRequire(import.meta.url);
const TIME_LIMIT_MS = 300_000;

/** What compiles circuits, and how: part of what decides the constraints. */
export const COMPILER = {
  version: (require("circom2/package.json") as { version: string }).version,
  optimisation: "--O1",
} as const;

/** A circuit's constraints, and the program that computes its witnesses. */
export type CompiledCircuit = { readonly r1cs: Uint8Array; readonly wasm: Uint8Array };

/** Compiles a circuit that was written, and not stored. */
export function compileText(text: string): Promise<CompiledCircuit> {
  return storing(text, compile);
}

/** The same, from the cache if this text, its gadgets and the compiler have met before. */
export function compileOnce(text: string, cache?: string): Promise<CompiledCircuit> {
  return storing(text, async (path) => {
    return cached([await hashSource(path), COMPILER], ["r1cs", "wasm"], () => compile(path), cache);
  });
}

async function storing<Result>(text: string, use: (path: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "assay-circuit-"));
  try {
    const path = join(folder, "circuit.circom");
    await writeFile(path, text);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Compiles a circuit with circom. */
export async function compile(path: string): Promise<CompiledCircuit> {
  const source = resolve(path);
  const name = basename(source, ".circom");
  const folder = await mkdtemp(join(tmpdir(), "assay-circuit-"));
  try {
    const compiler = require.resolve("circom2/cli.js");
    const options = ["--r1cs", "--wasm", COMPILER.optimisation, "-l", LIBRARY, "-l", GADGETS, "-o", folder];
    // In WebAssembly circom sees only what is below the folder that it runs in.
    const cwd = parse(source).root;
    await promisify(execFile)(process.execPath, [compiler, source, ...options], { cwd, timeout: TIME_LIMIT_MS });
    const [r1cs, wasm] = await Promise.all([
      readFile(join(folder, `${name}.r1cs`)),
      readFile(join(folder, `${name}_js`, `${name}.wasm`)),
    ]);
    return { r1cs, wasm };
  } catch (cause) {
    throw new CompilationFailedError(source, cause);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Circom refused a circuit, or did not end in time. */
export class CompilationFailedError extends Error {
  override readonly name = "CompilationFailedError";
  readonly source: string;

  constructor(source: string, cause: unknown) {
    const { stdout, stderr, message } = cause as { stdout?: string; stderr?: string; message?: string };
    const said = stripVTControlCharacters([stdout, stderr].join("")).trim();
    super(`circom did not compile ${source}:\n${said === "" ? message : said}`, { cause });
    this.source = source;
  }
}
