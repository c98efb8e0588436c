/** `assay` as people run it: in processes of its own, on a model of theirs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

type Surroundings = { readonly input?: string; readonly secrets?: Readonly<Record<string, string>> };

const ASSAY = fileURLToPath(new URL("../../../src/cli/assay.ts", import.meta.url));
const IRIS = fileURLToPath(new URL("../../../models/iris/", import.meta.url));

/** A flower that every sensible model calls a setosa. */
export const SETOSA = { "sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2 } as const;
/** Its fields in steps of a millimetre. */
export const SETOSA_STEPS = [51, 35, 14, 2] as const;

/** What the arguments are for an input by fields. */
export function fieldOptions(fields: Readonly<Record<string, number | string>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => ["--field", `${name}=${value}`]);
}

/** Runs `assay`, which has to end by itself. */
export async function assay(args: readonly string[], { input = "", secrets = {} }: Surroundings = {}): Promise<Ended> {
  const running = spawn(process.execPath, [ASSAY, ...args], {
    env: { ...process.env, ASSAY_PRIVATE_KEY: "", ...secrets },
  });
  // Who does not read its input may end before all of it is written.
  running.stdin.on("error", () => {});
  running.stdin.end(input);
  const ended = once(running, "close");
  const [stdout, stderr] = await Promise.all([text(running.stdout), text(running.stderr)]);
  await ended;
  return { code: running.exitCode ?? -1, stdout, stderr };
}

/** What it prints, where it has to succeed. */
export async function answerOf(args: readonly string[], surroundings?: Surroundings): Promise<string> {
  const { code, stdout, stderr } = await assay(args, surroundings);
  expect(code, stderr).to.equal(0);
  return stdout;
}

/** What it prints with `--json`, where it has to succeed and may print nothing else. */
export async function jsonOf(args: readonly string[], surroundings?: Surroundings): Promise<Record<string, unknown>> {
  return JSON.parse(await answerOf([...args, "--json"], surroundings)) as Record<string, unknown>;
}

/** Why it could not do what was asked: one line below those of its progress, and nothing on the output. */
export async function refusalOf(args: readonly string[], surroundings?: Surroundings): Promise<string> {
  const { code, stdout, stderr } = await assay(args, surroundings);
  expect([code, stdout], stderr).to.deep.equal([1, ""]);
  const words = linesOf(stderr).filter((line) => !isProgress(line));
  expect(words, stderr).to.have.lengthOf(1);
  return words[0] ?? "";
}

/** The same with `--json`: the name of the error and its message, on the output. */
export async function errorOf(
  args: readonly string[],
  surroundings?: Surroundings,
): Promise<{ readonly name: string; readonly message: string }> {
  const { code, stdout, stderr } = await assay([...args, "--json"], surroundings);
  expect(code, stderr).to.equal(1);
  expect(linesOf(stderr).filter((line) => !isProgress(line))).to.deep.equal([]);
  const { error } = JSON.parse(stdout) as { error: { name: string; message: string } };
  expect(error).to.have.all.keys("name", "message");
  return error;
}

/** What it says to somebody who calls it in a way that it does not know. */
export async function complaintOf(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await assay(args);
  expect([code, stdout], stderr).to.deep.equal([2, ""]);
  expect(stderr).to.include("\n\nUsage: assay ");
  return linesOf(stderr).find((line) => !isProgress(line)) ?? "";
}

function linesOf(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line !== "");
}

/** A log has a line for each step, such as "Building: quantising". */
function isProgress(line: string): boolean {
  return /^[A-Za-z]+ing: [a-z]/.test(line);
}

/** A folder with the source of a model, and room for more. */
export async function newWorld() {
  const folder = await mkdtemp(join(tmpdir(), "assay-model-"));
  const source = join(folder, "iris");
  await cp(IRIS, source, { recursive: true, filter: (path) => !/(build|report\.html)$/.test(path) });
  return {
    folder,
    source,
    /** Where the model is once `build` has run without `--out`. */
    built: join(source, "build"),
    path: (name: string) => join(folder, name),
    close: async () => rm(folder, { recursive: true }),
  };
}

export type World = Awaited<ReturnType<typeof newWorld>>;
