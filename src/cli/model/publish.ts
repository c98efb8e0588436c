import { parseArgs } from "node:util";

import { isAddress } from "viem";

import { findVerifier, publishModel } from "../../chain/publish.ts";
import { openModel } from "../../model/bundle/open.ts";
import { verifyModel } from "../../model/bundle/verify.ts";
import { phase1Path } from "../../model/phase1.ts";
import { keyFromSnarkjs } from "../../protocol/snarkjs.ts";
import { manifestHashOf } from "../../model/manifest/manifest.ts";
import { privateKeyFrom } from "../secrets.ts";
import { DEVELOPMENT } from "../development.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only, required, UsageError } from "../usage.ts";

const STEPS = 9;

export async function publishCommand(args: readonly string[]): Promise<void> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...COMMON, verifier: text, rpc: text, keystore: text, uri: text, phase1: text },
    allowPositionals: true,
  });
  const folder = only(positionals, "a built model's folder");
  const verifier = required("--verifier", values.verifier);
  if (!isAddress(verifier)) throw new UsageError(`--verifier takes an address, got ${JSON.stringify(verifier)}.`);
  const rpc = required("--rpc", values.rpc);
  if (!URL.canParse(rpc) || !/^https?:/.test(rpc)) throw new UsageError("--rpc takes an http or https address.");
  const privateKey = await privateKeyFrom(values.keystore, process.env);
  await runSteps(values, "Publishing", STEPS, async (step) => {
    step.onStep?.("asking the verifier");
    const opened = await openModel(folder);
    const destination = await findVerifier({
      rpc,
      verifier,
      privateKey,
      key: keyFromSnarkjs(opened.key),
      isDevelopment: opened.isDevelopment,
    });
    const phase1 = phase1Path(values.phase1);
    const { manifest, key, isDevelopment, id } = await verifyModel(folder, { ...step, phase1, id: opened.id });
    step.onStep?.("publishing");
    const published = await publishModel(destination, {
      id,
      key: keyFromSnarkjs(key),
      manifestHash: manifestHashOf(manifest),
      uri: values.uri ?? "",
    });
    const lines = [
      `${published.isNew ? "Published" : "Published again"} ${manifest.name} on chain ${published.chainId}.`,
      `model        ${id}`,
      `verifier     ${verifier}`,
      `transaction  ${published.transaction}`,
    ];
    if (isDevelopment) lines.push(DEVELOPMENT);
    return { json: { model: id, verifier, isDevelopment, ...published }, text: lines.join("\n") };
  });
}
