/** Whether this machine can do what the config asks for. */
import { availableParallelism } from "node:os";

import { checkProvingProgram } from "../../prover/proving-program.ts";
import { look, type Check } from "../checks.ts";
import { DEFAULT_PROVER, type Config } from "../config/schema.ts";

const LEAST_NODE = 20;
const ADVISED_NODE = 24;

export async function checkMachine({ provider, prover }: Config): Promise<Check[]> {
  const checks = [await look("Node", async () => nodeOf(process.versions.node))];
  if (provider === undefined && prover === undefined) return checks;
  const { engine, workers } = prover ?? DEFAULT_PROVER;
  const proving = await look("proving", async () => {
    await checkProvingProgram(engine);
    const cores = availableParallelism();
    const says = `${engine.kind === "snarkjs" ? "snarkjs" : engine.path}, ${workers ?? cores} at once on ${cores} cores`;
    if (workers === undefined || workers <= cores) return says;
    return {
      state: "warning",
      says: `${says}. Lower prover.workers: more workers than cores take longer for each proof.`,
    };
  });
  return [...checks, proving];
}

/** What there is to say of a version of Node. */
export function nodeOf(version: string): Omit<Check, "name"> {
  const major = Number.parseInt(version, 10);
  if (major < LEAST_NODE) return { state: "failed", says: `${version} is too old. Install Node ${ADVISED_NODE}.` };
  if (major >= ADVISED_NODE) return { state: "ok", says: version };
  return {
    state: "warning",
    says: `${version}: what is tested is Node ${ADVISED_NODE}. Install that one where you can.`,
  };
}
