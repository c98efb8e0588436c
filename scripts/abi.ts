// Builds the contracts and writes their typed ABIs to src/protocol/abi.
import { fileURLToPath } from "node:url";

import { config, tasks } from "hardhat";

import { generateAbis } from "./typechain/generate.ts";

await tasks.getTask("build").run({ quiet: true });
const outDir = fileURLToPath(new URL("../src/protocol/abi", import.meta.url));
const count = await generateAbis(config.paths.artifacts, outDir);
console.log(`Wrote ${count} ABIs to ${outDir}`);
