/** What makes the proofs. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";

import { describe } from "../protocol/describe.ts";

export type ProvingProgram =
  | { readonly kind: "snarkjs" }
  /** A binary that takes the paths of key, witness, proof and public signals. */
  | { readonly kind: "rapidsnark"; readonly path: string };

const RAPIDSNARK = "rapidsnark:";

/** Reads how people name it: `snarkjs`, or `rapidsnark:PATH`. */
export function parseProvingProgram(text: string): ProvingProgram {
  if (text === "snarkjs") return { kind: "snarkjs" };
  const path = text.startsWith(RAPIDSNARK) ? text.slice(RAPIDSNARK.length) : "";
  if (path === "") throw new UnknownProvingProgramError(text);
  return { kind: "rapidsnark", path: isAbsolute(path) ? path : resolve(path) };
}

/** Refuses a program that cannot be run, before any job is taken for it. */
export async function checkProvingProgram(program: ProvingProgram): Promise<void> {
  if (program.kind === "snarkjs") return;
  try {
    await access(program.path, constants.X_OK);
  } catch (cause) {
    throw new NoProvingProgramError(program.path, { cause });
  }
}

/** There is no such program to prove with. */
export class UnknownProvingProgramError extends Error {
  override readonly name = "UnknownProvingProgramError";

  constructor(given: string) {
    super(`What proves is snarkjs, or rapidsnark:PATH with the path of its binary; got ${describe(given)}.`);
  }
}

/** A program to prove with is not there, or may not be run. */
export class NoProvingProgramError extends Error {
  override readonly name = "NoProvingProgramError";
  readonly path: string;

  constructor(path: string, options?: ErrorOptions) {
    super(`There is no program that may be run at ${path}. Install rapidsnark there, or prove with snarkjs.`, options);
    this.path = path;
  }
}
