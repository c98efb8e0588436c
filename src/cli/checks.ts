/** What commands that look things over found: one line for each thing, and whether all of it holds. */
import { print } from "./usage.ts";

export type Check = {
  readonly name: string;
  /** `unchecked` says why nobody could tell; only `failed` means that something is wrong. */
  readonly state: "ok" | "warning" | "unchecked" | "failed";
  readonly says: string;
};

/**
 * Looks at one thing. Whatever a look throws with a name of its own is what is wrong, or, as UncheckedError, why it could
 * not be told; a fault of this program goes on.
 */
export async function look(name: string, work: () => Promise<Omit<Check, "name"> | string>): Promise<Check> {
  try {
    const found = await work();
    return typeof found === "string" ? { name, state: "ok", says: found } : { name, ...found };
  } catch (error) {
    if (error instanceof UncheckedError) return { name, state: "unchecked", says: error.message };
    if (!(error instanceof Error) || FAULTS.has(error.name)) throw error;
    return { name, state: "failed", says: error.message };
  }
}

const FAULTS = new Set(["TypeError", "RangeError", "ReferenceError", "SyntaxError"]);

/** Prints what was found; the process ends with 1 if anything failed. */
export function report(
  checks: readonly Check[],
  { json, ...more }: { readonly json: boolean; readonly [name: string]: unknown },
): void {
  const isWhole = checks.every(({ state }) => state !== "failed");
  print(json ? JSON.stringify({ ok: isWhole, ...more, checks }) : checks.map(lineOf).join("\n"));
  if (!isWhole) process.exitCode = 1;
}

function lineOf({ name, state, says }: Check): string {
  const [first = "", ...others] = says.split("\n");
  const indent = " ".repeat(STATE_WIDTH + NAME_WIDTH);
  const head = `${(state === "failed" ? "FAILED" : state).padEnd(STATE_WIDTH)}${name.padEnd(NAME_WIDTH)}`;
  return [`${head}${first}`, ...others.map((line) => `${indent}${line}`)].join("\n");
}

const STATE_WIDTH = 11;
const NAME_WIDTH = 20;

/** Nobody could tell whether something is as it should be. */
export class UncheckedError extends Error {
  override readonly name = "UncheckedError";
}
