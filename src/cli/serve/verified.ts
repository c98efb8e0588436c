/** A gateway sells only models that it has verified itself: who signs for a broken one pays the penalties. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { verifyModel } from "../../model/bundle/verify.ts";
import { cached, digest } from "../../model/cache.ts";
import { stopThreads } from "../../model/groth16.ts";
import { ASSAY_VERSION } from "../../model/version.ts";
import type { GatewaySettings } from "../../gateway/settings.ts";
import { startProgress } from "../progress.ts";

/** How many steps it takes to verify one. */
const STEPS = 7;

/**
 * Verifies each model, as "assay model verify" does, and that no two share a delta. With an embedded store it is remembered
 * beside it for files that have not changed since; with a server it is done at each start.
 */
export async function verifySales({ sales, store }: GatewaySettings, phase1: string | undefined): Promise<void> {
  const folders = sales.map(({ folder }) => folder);
  const progress = startProgress("Verifying", STEPS * folders.length);
  try {
    for (const folder of folders) {
      const beside = folders.filter((other) => other !== folder);
      const verify = async (): Promise<{ verified: Uint8Array }> => {
        const onStep = (step: string): void => {
          progress.note(`${folder}: ${step}`);
          progress.advance();
        };
        const { id } = await verifyModel(folder, { onStep, beside, phase1 });
        return { verified: new TextEncoder().encode(id) };
      };
      if ("url" in store) {
        await verify();
        continue;
      }
      const decides = [ASSAY_VERSION, await contentOf(folder), beside];
      await cached(decides, ["verified"], verify, join(store.folder, "verified"));
    }
  } finally {
    progress.end();
    await stopThreads();
  }
}

/** A hash of all files of a built model. */
async function contentOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).toSorted();
  const hashes = await Promise.all(names.map(async (name) => [name, digest(await readFile(join(folder, name)))]));
  return digest(JSON.stringify(hashes));
}
