/** What `assay deploy` needs of the compiler's output, as far as the package holds it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { artifactPath, buildInfoPath } from "../../src/deploy/artifact.ts";
import type { BuildInfo } from "../../src/deploy/artifact.ts";
import { CONTRACTS } from "../../src/deploy/settings.ts";

/** Copies the artifacts of what is deployed, and of how they were built no more than the settings. */
export async function copyArtifacts(from: string, to: string): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), text);
  };
  for (const contract of CONTRACTS) {
    const text = await readFile(join(from, artifactPath(contract)), "utf8");
    await write(artifactPath(contract), text);
    const info = buildInfoPath(JSON.parse(text) as { buildInfoId: string });
    const { solcLongVersion, input } = JSON.parse(await readFile(join(from, info), "utf8")) as BuildInfo;
    const { evmVersion, viaIR, optimizer } = input.settings;
    const settings = { evmVersion, viaIR, optimizer: { runs: optimizer.runs } };
    await write(info, JSON.stringify({ solcLongVersion, input: { settings } } satisfies BuildInfo));
  }
}
