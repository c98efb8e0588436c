/** How contracts are compiled: what is deployed, and the quicker ways that most tests take. */
import { fileURLToPath } from "node:url";

const SOLC = { version: "0.8.37", path: fileURLToPath(import.meta.resolve("solc/soljson.js")) };
const TARGET = { evmVersion: "cancun", metadata: { bytecodeHash: "none" } };

/** What is deployed. */
export const EXACT = {
  ...SOLC,
  settings: { ...TARGET, viaIR: true, optimizer: { enabled: true, runs: 1_000_000 } },
};

/** Five times as fast to compile: only what keeps the escrow below the size limit. */
export const QUICK = {
  ...SOLC,
  settings: {
    ...TARGET,
    viaIR: false,
    optimizer: { enabled: true, details: { yul: false, cse: false, constantOptimizer: false } },
  },
};

/** For what runs out of stack that way: the pipeline of what is deployed, told to optimize nothing. */
export const DEEP = {
  ...SOLC,
  settings: {
    ...TARGET,
    viaIR: true,
    optimizer: { enabled: true, details: { yul: true, yulDetails: { optimizerSteps: ":" } } },
  },
};

/** They measure the gas that is left to others, so they need the very code that is deployed. */
export const GAS_TESTS: ReadonlySet<string> = new Set(["SettleGas.t.sol", "SettleConsumers.t.sol", "Reclaim.t.sol"]);
