/** `assay attest publish`: makes the models of an enclave known to its verifier, which anybody may do. */
import { parseArgs } from "node:util";

import { encodeFunctionData, isAddressEqual, type Hex } from "viem";

import type { Call } from "../../chain/gas.ts";
import { attestedModelOf, hashAttestedManifest, type AttestedManifest } from "../../enclave/manifest.ts";
import { hashMeasurement } from "../../enclave/measurement.ts";
import { enclaveVerifierAbi } from "../../protocol/abi/enclave-verifier.ts";
import { keyOf, roleOption } from "../tab/role.ts";
import { carryOut, sentJson, sentLine, TRANSACT_OPTIONS } from "../tab/transact.ts";
import { only, print } from "../usage.ts";
import { ElsewhereError } from "./assess.ts";
import { fetchEvidence, gatewayOption } from "./evidence.ts";
import { publishedAs } from "./known.ts";
import { findAttestPlace, PLACE_OPTIONS, type AttestPlace } from "./place.ts";
import { plain } from "./words.ts";

export async function publishCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...PLACE_OPTIONS,
      ...TRANSACT_OPTIONS,
      model: { type: "string" },
      uri: { type: "string" },
      as: { type: "string" },
    },
    allowPositionals: true,
  });
  const gateway = gatewayOption(only(positionals, "a gateway's address"));
  const role = roleOption(values.as) ?? "provider";
  const place = await findAttestPlace(values, process.env);
  const { policy } = await fetchEvidence(gateway, values.model);
  if (policy.chainId !== place.chainId) {
    throw new ElsewhereError(`the chain ${policy.chainId}, not ${place.chainId}`);
  }
  if (!isAddressEqual(policy.verifier, place.verifier)) {
    throw new ElsewhereError(`the verifier ${policy.verifier}, not ${place.verifier}`);
  }
  const ids = policy.models.map(attestedModelOf);
  const [first, ...others] = await callsFor(place, policy.models, values.uri ?? `${gateway}/v1/enclaves`);
  if (first === undefined) {
    print(values.json ? JSON.stringify({ models: ids, published: 0 }) : "All models are published already.");
    return;
  }
  const privateKey = await keyOf(role, values.keystore, place.config);
  const published = others.length + 1;
  const question = `Publish ${published} of the enclave's models at ${place.verifier} on chain ${place.chainId}?`;
  const sent = await carryOut(place, { privateKey, calls: [first, ...others], question }, values);
  for (const [index, id] of ids.entries()) {
    const measurement = await publishedAs(place, id);
    if (measurement !== measurementOf(policy.models[index])) throw new NotPublishedError(id, sent.transaction);
  }
  const text = [...policy.models.map((each, index) => `${ids[index]}  ${plain(each.name)}`), sentLine(sent)];
  print(values.json ? JSON.stringify({ models: ids, published, ...sentJson(sent) }) : text.join("\n"));
}

/** One for each model that is not published yet. */
async function callsFor(place: AttestPlace, models: readonly AttestedManifest[], uri: string): Promise<Call[]> {
  const calls = await Promise.all(
    models.map(async (manifest): Promise<Call[]> => {
      if ((await publishedAs(place, attestedModelOf(manifest))) !== undefined) return [];
      const args = [hashMeasurement(manifest.enclave), hashAttestedManifest(manifest), uri] as const;
      const data = encodeFunctionData({ abi: enclaveVerifierAbi, functionName: "publish", args });
      return [{ to: place.verifier, data, what: `publish the model ${plain(manifest.name)}` }];
    }),
  );
  return calls.flat();
}

function measurementOf(manifest: AttestedManifest | undefined): Hex | undefined {
  return manifest && hashMeasurement(manifest.enclave);
}

/** A transaction did not do what it was sent for. */
export class NotPublishedError extends Error {
  override readonly name = "NotPublishedError";

  constructor(model: Hex, transaction: Hex) {
    super(`The transaction ${transaction} did not publish the model ${model}. Look at it on the chain, and try again.`);
  }
}
