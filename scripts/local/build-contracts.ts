import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runChild } from "../child.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HARDHAT = join(ROOT, "node_modules", ".bin", "hardhat");

/** Set by who has built already: two builds in one folder at the same time would undo each other. */
export const BUILT = "ASSAY_CONTRACTS_BUILT";

/** Compiles the contracts if they changed. What the compiler says goes to the error stream: the output is the caller's. */
export async function buildContracts(): Promise<void> {
  if (process.env[BUILT] !== undefined) return;
  const command = [HARDHAT, "build", "--no-tests", "--quiet"];
  const code = await runChild(process.execPath, command, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (code !== 0) throw new ContractsBrokenError(code);
}

/** The contracts do not compile. */
export class ContractsBrokenError extends Error {
  override readonly name = "ContractsBrokenError";
  constructor(code: number) {
    super(`The contracts did not compile (exit code ${code}). What the compiler found stands above.`);
  }
}
