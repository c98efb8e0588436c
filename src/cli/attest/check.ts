/** `assay attest check`: what an enclave shows, and whether it holds. */
import { parseArgs } from "node:util";

import { attestedModelOf, type AttestedManifest } from "../../enclave/manifest.ts";
import { dollarsText } from "../config/dollars.ts";
import { timeText } from "../tab/show.ts";
import { only, print } from "../usage.ts";
import { assess, type Assessed } from "./assess.ts";
import { fetchEvidence, gatewayOption } from "./evidence.ts";
import { publishedAs } from "./known.ts";
import { findAttestPlace, PLACE_OPTIONS, policyIn, type AttestPlace } from "./place.ts";
import { durationText, plain, platformText, rootText, row, rows } from "./words.ts";

export async function checkCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...PLACE_OPTIONS, model: { type: "string" }, json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const gateway = gatewayOption(only(positionals, "a gateway's address"));
  const place = await findAttestPlace(values, process.env);
  const assessed = await assess(place, policyIn(place), await fetchEvidence(gateway, values.model));
  const models = await modelsOf(place, assessed);
  print(values.json ? JSON.stringify(jsonOf(assessed, models)) : textOf(assessed, models, place));
}

type ShownModel = { readonly id: string; readonly manifest: AttestedManifest; readonly isPublished: boolean };

async function modelsOf(place: AttestPlace, { evidence }: Assessed): Promise<ShownModel[]> {
  return Promise.all(
    evidence.policy.models.map(async (manifest) => {
      const id = attestedModelOf(manifest);
      return { id, manifest, isPublished: (await publishedAs(place, id)) !== undefined };
    }),
  );
}

function jsonOf({ evidence, enclave, measured, known, blockAge }: Assessed, models: readonly ShownModel[]) {
  const { platform, measurement, root, isSimulated, tcb, madeAt, attestation, block, statement } = enclave;
  return {
    ok: true,
    simulated: isSimulated,
    platform,
    root,
    measurement,
    registers: measured.registers,
    tcb: tcb ?? null,
    madeAt: madeAt ?? null,
    attestation,
    block: { ...block, age: blockAge },
    statement,
    escrow: evidence.policy.escrow,
    enrolled: known.enrolled ?? null,
    models,
  };
}

function textOf(
  { evidence, enclave, measured, known, headTime, blockAge }: Assessed,
  models: readonly ShownModel[],
  { chainId, threshold }: AttestPlace,
): string {
  const { platform, measurement, isSimulated, tcb, madeAt, attestation, block, statement } = enclave;
  const { key, epoch, expires, gateways, verifier } = statement;
  const age = `${durationText(blockAge)} old`;
  const made = madeAt === undefined ? "" : `made ${timeText(madeAt)}, `;
  const { enrolled } = known;
  const isLive = enrolled !== undefined && known.isLive;
  const lines = [
    isSimulated ? "SIMULATED: what this enclave says proves nothing. Otherwise it holds." : "This enclave holds.",
    row("platform", platformText(platform)),
    row("root", rootText(measured)),
    row("measurement", measurement),
    ...rows(measured.registers),
    ...(tcb === undefined
      ? []
      : [row("TCB", `${tcb.status}, advisories: ${tcb.advisories.map(plain).join(", ") || "none"}`)]),
    row("document", `${made}over block ${block.number}, which is ${age}`),
    row("", `SHA-256 ${attestation}`),
    row("key", `${key}, epoch ${epoch}`),
    row("expires", `${timeText(expires)}, in ${durationText(Math.max(0, expires - headTime))}`),
    row("enrolled", isLive ? `until ${timeText(enrolled.expiry)}` : `not now: it takes ${threshold} of the attesters`),
    row("providers", gateways.join(", ")),
    row("verifier", `${verifier} on chain ${chainId}`),
    row("escrow", evidence.policy.escrow),
    ...models.flatMap(modelLines),
  ];
  return lines.join("\n");
}

function modelLines({ id, manifest, isPublished }: ShownModel): string[] {
  const { name, kind, upstream, price, mostOutputTokens } = manifest;
  const [base, input, output] = [price.base, price.input, price.output].map((units) => dollarsText(BigInt(units)));
  return [
    row("model", `${plain(name)} (${kind})  ${id}${isPublished ? "" : "  not published yet"}`),
    row("", `asks ${plain(upstream.url)} for ${plain(upstream.model)}`),
    row("", `${base} an answer, ${input} and ${output} a million tokens in and out, at most ${mostOutputTokens} out`),
  ];
}
