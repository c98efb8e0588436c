/** The small model that the example programs sell and prove. */
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Address, Hex } from "viem";

import { findVerifier, publishModel } from "../../src/chain/publish.ts";
import { buildModel } from "../../src/model/bundle/build.ts";
import { openModel } from "../../src/model/bundle/open.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { manifestHashOf } from "../../src/model/manifest/manifest.ts";
import { DEVELOPMENT_PHASE1 } from "../../src/model/phase1.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";

const SOURCE = fileURLToPath(new URL("../../models/iris", import.meta.url));

/** The folder of the built model. Whoever comes first builds it, as `assay model build` does, and it is kept. */
export async function builtIris(): Promise<string> {
  const folder = process.env["ASSAY_MODEL"] ?? join(tmpdir(), "assay-example-iris");
  const isBuilt = await access(join(folder, "manifest.json")).then(
    () => true,
    () => false,
  );
  if (!isBuilt) await buildModel(SOURCE, folder, { setup: { phase1: DEVELOPMENT_PHASE1.path } });
  await stopThreads();
  return folder;
}

/** The same, with its key on chain, as `assay model publish` puts it there: without that no answer can be proven. */
export async function publishedIris(rpc: string, verifier: Address, privateKey: Hex): Promise<string> {
  const folder = await builtIris();
  const { id, manifest, key: built, isDevelopment } = await openModel(folder);
  const key = keyFromSnarkjs(built);
  const destination = await findVerifier({ rpc, verifier, privateKey, key, isDevelopment });
  await publishModel(destination, { id, key, manifestHash: manifestHashOf(manifest), uri: "" });
  return folder;
}
