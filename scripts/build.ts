// Builds the contracts, and the JavaScript that the package consists of: Node runs no TypeScript below node_modules.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runChild } from "./child.mjs";
import { buildContracts } from "./local/build-contracts.ts";
import { copyArtifacts } from "./local/copy-artifacts.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

await buildContracts();
await rm(join(ROOT, "dist"), { recursive: true, force: true });
const compiler = join(ROOT, "node_modules", ".bin", "tsc");
process.exitCode = await runChild(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
await copyArtifacts(join(ROOT, "artifacts"), join(ROOT, "dist", "artifacts"));
