import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";

import { DEVELOPMENT_SHA256 } from "./development-setup.ts";

/** A prepared phase 1: a file, and the hash that it must have. */
export type Phase1 = {
  readonly path: string;
  readonly sha256: string;
  /** The most constraints it is good for. */
  readonly capacity: number;
};

/**
 * The phase 1 for development: one contributor, whom nobody here knows. Whoever knows its secret forges every model on
 * it, so it is for tests and local chains alone.
 */
export const DEVELOPMENT_PHASE1: Phase1 = {
  // Looked up when it is needed: whoever only uses public ceremonies can do without the package.
  get path() {
    try {
      return fileURLToPath(new URL(FILE, import.meta.resolve("phase1-development")));
    } catch (cause) {
      throw new NoDevelopmentPhase1Error({ cause });
    }
  },
  sha256: DEVELOPMENT_SHA256,
  capacity: 2 ** 15,
};

const FILE = "./test/plonk_circuit/powersOfTau15_final.ptau";

/** Where a phase 1 is that somebody named: by a path, or as "development". */
export function phase1Path<Given extends string | undefined>(given: Given): Given | string {
  return given === "development" ? DEVELOPMENT_PHASE1.path : given;
}

/** Reads a phase 1 through, and refuses one that is not what it says it is. */
export async function checkPhase1({ path, sha256 }: Phase1): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const found = hash.digest("hex");
  if (found !== sha256) throw new WrongPhase1Error(path, found, sha256);
}

/** A phase-1 file is damaged, or another one. */
export class WrongPhase1Error extends Error {
  override readonly name = "WrongPhase1Error";
  readonly path: string;
  readonly found: string;
  readonly expected: string;

  constructor(path: string, found: string, expected: string) {
    super(`The phase 1 at ${path} has the SHA-256 ${found} instead of ${expected}. Fetch it again.`);
    this.path = path;
    this.found = found;
    this.expected = expected;
  }
}

/** The package that holds the phase 1 for development is not installed. */
export class NoDevelopmentPhase1Error extends Error {
  override readonly name = "NoDevelopmentPhase1Error";

  constructor(options?: ErrorOptions) {
    super(
      "The phase 1 for development is not installed, for optional dependencies were left out. Install them, or name the " +
        "file of a public ceremony.",
      options,
    );
  }
}
