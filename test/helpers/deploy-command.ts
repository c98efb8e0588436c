import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { globalOptions } from "hardhat";

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const SCRIPT = fileURLToPath(new URL("../../scripts/deploy.ts", import.meta.url));

/** Starts what npm starts, with nothing to type on and only these secrets. */
export function startDeploy(args: readonly string[], secrets: Record<string, string> = {}) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ASSAY_PRIVATE_KEY: "",
      // Or it would build the contracts over those that are being measured.
      ...(globalOptions.coverage && { HARDHAT_COVERAGE: "true" }),
      ...secrets,
    },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (output.stderr += data.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve({ code, ...output }));
  });
  return { ended, kill: () => child.kill("SIGKILL") };
}
