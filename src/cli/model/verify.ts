import { parseArgs } from "node:util";

import { isHex, size, type Hex } from "viem";

import { verifyModel, type VerifiedModel } from "../../model/bundle/verify.ts";
import { phase1Path } from "../../model/phase1.ts";
import { DEVELOPMENT } from "../development.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only, UsageError } from "../usage.ts";

const STEPS = 7;

export async function verifyCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...COMMON,
      id: { type: "string" },
      phase1: { type: "string" },
      beside: { type: "string", multiple: true, default: [] as string[] },
    },
    allowPositionals: true,
  });
  const folder = only(positionals, "a built model's folder");
  const { beside } = values;
  const id = idFrom(values.id);
  await runSteps(values, "Verifying", STEPS, async (step) => {
    const model = await verifyModel(folder, { ...step, id, beside, phase1: phase1Path(values.phase1) });
    const { manifest, isDevelopment, constraints, contributions, hasPrivateWeights } = model;
    return {
      json: {
        id: model.id,
        name: manifest.name,
        isDevelopment,
        constraints,
        contributions,
        hasPrivateWeights,
        manifest,
      },
      text: verifiedText(model),
    };
  });
}

function verifiedText(model: VerifiedModel): string {
  const { id, manifest, constraints, lint, contributions, isDevelopment, hasPrivateWeights } = model;
  const lines = [
    `${manifest.name}: the files are what they say they are.`,
    `id             ${id}`,
    `circuit        ${constraints} constraints, made anew; each of its ${lint.wires.total} wires is determined`,
    `weights        ${hasPrivateWeights ? "private, and shown to be known" : "in the circuit"}`,
    ...contributions.map(({ kind, name, hash }) => `${kind.padEnd(14)} ${name} ${hash.slice(0, 18)}...`),
  ];
  if (isDevelopment) lines.push(DEVELOPMENT);
  return lines.join("\n");
}

function idFrom(text: string | undefined): Hex | undefined {
  if (text === undefined || (isHex(text) && size(text) === 32)) return text;
  throw new UsageError(`--id takes a model's id, 0x and 64 hex digits, got ${JSON.stringify(text)}.`);
}
