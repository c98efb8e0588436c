import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runChild } from "../child.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HARDHAT = join(ROOT, "node_modules", ".bin", "hardhat");

/** Compiles the contracts if they changed. What the compiler says goes to the error stream: the output is the caller's. */
export async function buildContracts(): Promise<void> {
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
