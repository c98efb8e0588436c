import { tasks } from "hardhat";

/** Compiles the contracts if they changed, without a word on the output that belongs to the caller. */
export async function buildContracts(): Promise<void> {
  await tasks.getTask("build").run({ noTests: true, quiet: true });
}
