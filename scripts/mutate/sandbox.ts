/** Private copies of the project, in which mutants are built and tested. */
import { spawn } from "node:child_process";
import { globSync, rmSync } from "node:fs";
import { cp, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import type { Mutant } from "./mutants.ts";
import { suitesFor, type Suite, type TestFiles } from "./suites.ts";

/** What became of a mutant: it does not compile; a test failed; the tests did not end; or nothing noticed. */
export type Fate = "stillborn" | "killed" | "timeout" | "survived";

export type Verdict = { readonly fate: Fate; readonly by: string; readonly seconds: number };

/** One private copy of the project. */
export type Sandbox = { readonly root: string; readonly files: TestFiles };

const CONFIG = "scripts/mutate/hardhat.config.ts";

/** Whatever is built, or of no use to a test. */
const LEFT_OUT: ReadonlySet<string> = new Set([".git", ".cache", "node_modules", "artifacts", "cache", "coverage"]);

/** Shared with the original, since nothing in them depends on the contracts. */
const SHARED = ["node_modules", ".cache"];

/** Proofs do not depend on the contracts, and take longer than all that is done with them. */
const KEPT_PROOFS = ".cache/mutants/proofs";

/** A loop without end is only noticed by the clock. */
const TIME_LIMIT = 300_000;

/** Hardhat's code for sources that do not compile. */
const COMPILATION_FAILED = "HHE910";

/** Copies the project at `original`; the copy is gone when this process is. */
export async function makeSandbox(original: string): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), "assay-mutate-"));
  process.once("exit", () => rmSync(root, { recursive: true, force: true }));
  await cp(original, root, {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(relative(original, path)),
  });
  for (const folder of SHARED) await symlink(join(original, folder), join(root, folder));
  const find = (pattern: string): string[] => globSync(pattern, { cwd: root }).sort();
  const invariants = find("test/contracts/invariants/*.sol");
  const solidity = find("test/**/*.t.sol").filter((file) => !invariants.includes(file));
  return { root, files: { solidity, invariants, mocha: find("test/**/*.ts") } };
}

/** Runs tests on the project as it is: those that fail now would kill every mutant. */
export async function checkUnmutated(sandbox: Sandbox, suite: Suite): Promise<void> {
  const { outcome, output } = await run(sandbox, suite);
  if (outcome !== "passed") throw new UnmutatedError(suite.name, output);
}

/** Puts a mutant in the place of its contract, tests it, and puts the contract back. */
export async function tryMutant(sandbox: Sandbox, mutant: Mutant): Promise<Verdict> {
  const start = performance.now();
  const verdict = (fate: Fate, by: string): Verdict => {
    return { fate, by, seconds: Math.round((performance.now() - start) / 1000) };
  };
  const path = join(sandbox.root, mutant.file);
  const intact = await readFile(path);
  await writeFile(path, mutant.content);
  try {
    for (const suite of suitesFor(mutant, sandbox.files)) {
      const { outcome } = await run(sandbox, suite);
      if (outcome === "unbuilt") return verdict("stillborn", suite.name);
      if (outcome === "failed") return verdict("killed", suite.name);
      if (outcome === "endless") return verdict("timeout", suite.name);
    }
    return verdict("survived", "");
  } finally {
    await writeFile(path, intact);
  }
}

type Run = { readonly outcome: "passed" | "failed" | "unbuilt" | "endless"; readonly output: string };

async function run(sandbox: Sandbox, suite: Suite): Promise<Run> {
  const first = suite.before === undefined ? undefined : await runHardhat(sandbox, suite.before);
  return first === undefined || first.outcome === "passed" ? runHardhat(sandbox, suite.arguments) : first;
}

function runHardhat({ root }: Sandbox, task: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const hardhat = join("node_modules", ".bin", "hardhat");
    const child = spawn(process.execPath, [hardhat, "--config", CONFIG, ...task], {
      cwd: root,
      env: { ...process.env, ASSAY_KEPT_PROOFS: join(root, KEPT_PROOFS) },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIME_LIMIT,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const output = Buffer.concat(chunks).toString();
      if (code === 0) resolve({ outcome: "passed", output });
      else if (signal === "SIGKILL") resolve({ outcome: "endless", output });
      else resolve({ outcome: output.includes(COMPILATION_FAILED) ? "unbuilt" : "failed", output });
    });
  });
}

/** The tests fail before anything is mutated. */
class UnmutatedError extends Error {
  override readonly name = "UnmutatedError";

  constructor(suite: string, output: string) {
    super(`Nothing can be learnt from mutants: without any, ${suite} fails.\n\n${output}`);
  }
}
