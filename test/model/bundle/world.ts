/** Small models to build, and dishonest ways to change what a build wrote. */
import { cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writeLayers, type TrainedLayer } from "../../../models/training/layers-file.ts";
import { buildModel, type BuiltModel } from "../../../src/model/bundle/build.ts";
import { FILES } from "../../../src/model/bundle/files.ts";
import { setupOf } from "../../../src/model/bundle/setup.ts";
import { digest } from "../../../src/model/cache.ts";
import { parseTranscript } from "../../../src/model/ceremony/transcript.ts";
import { canonicalJson } from "../../../src/protocol/canonical-json.ts";
import { emitCircuit } from "../../../src/model/circuit/emit.ts";
import { planCircuit } from "../../../src/model/circuit/plan.ts";
import { compileOnce } from "../../../src/model/compile.ts";
import { verificationKeyOf } from "../../../src/model/groth16.ts";
import { manifestOf } from "../../../src/model/manifest/describe.ts";
import { formatManifest, parseManifest, type Manifest } from "../../../src/model/manifest/manifest.ts";
import { DEVELOPMENT_PHASE1 } from "../../../src/model/phase1.ts";
import { certificateOf, formatCertificate } from "../../../src/model/program/certificate.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type { Program } from "../../../src/model/program/program.ts";
import { writeProgram } from "../../../src/model/program/program-file.ts";
import type { ModelSource } from "../../../src/model/source.ts";

export type BundleFile = keyof typeof FILES;

/** On the phase 1 for development, by this machine. */
export const SETUP = { phase1: DEVELOPMENT_PHASE1.path } as const;

/** Two numbers of three bits in the open, and which of two sums of them is larger. */
export const TINY = {
  name: "tiny",
  purpose: "Tells which of two sums is larger.",
  input: {
    visibility: "public",
    fields: [
      { name: "left", unit: "cm", min: "0", max: "0.7", step: "0.1" },
      { name: "right", unit: "cm", min: "0", max: "0.7", step: "0.1" },
    ],
  },
  output: { visibility: "public", name: "side", kind: "label", labels: ["first", "second"] },
  calibration: "rows.json",
  widths: { weights: 4, activations: 4 },
} as const satisfies ModelSource;

/** With these weights for its two sums. */
export function tinyLayers(weights: readonly number[]): TrainedLayer[] {
  return [{ kind: "linear", columns: 2, weights, bias: [0, 0] }];
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "assay test bundle-"));
}

/** Writes a model's source into a folder of its own. */
export async function writeSource(
  folder: string,
  source: ModelSource,
  layers: readonly TrainedLayer[],
  rows: readonly (readonly number[])[],
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.json"), JSON.stringify(source));
  await writeFile(join(folder, "model.onnx"), writeLayers(source.name, layers));
  await writeFile(join(folder, source.calibration), JSON.stringify({ inputs: rows }));
  return folder;
}

export function build(folder: string, out: string = join(folder, "build")): Promise<BuiltModel> {
  return buildModel(folder, out, { setup: SETUP });
}

/** A copy of a built model, to be changed. */
export async function copyOf(folder: string): Promise<string> {
  const copy = await newFolder();
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** Changes the manifest, and writes it as it should be written. */
export async function editManifest(folder: string, edit: (manifest: Manifest) => Manifest): Promise<void> {
  const path = join(folder, FILES.manifest);
  await writeFile(path, canonicalJson(edit(parseManifest(await readFile(path, "utf8")))));
}

/** Puts another file in, and has the manifest name it. */
export async function plantFile(
  folder: string,
  file: "program" | "certificate" | "circuit" | "key" | "transcript" | "weightsProof",
  content: string | Uint8Array,
): Promise<void> {
  await writeFile(join(folder, FILES[file]), content);
  const field = file === "weightsProof" ? "weights" : file;
  await editManifest(folder, (manifest) => ({ ...manifest, [field]: digest(content) }));
}

/** What a dishonest author publishes for a program that no compiler made: all files agree with each other. */
export async function publishProgram(program: Program, model: ModelSource): Promise<string> {
  const folder = await newFolder();
  const intervals = intervalsOf(program);
  const source = emitCircuit(planCircuit(program, intervals));
  const { r1cs, wasm } = await compileOnce(source);
  const { key, transcript } = await setupOf(r1cs, SETUP, {});
  const files = {
    program: writeProgram(program),
    certificate: formatCertificate(certificateOf(intervals)),
    source,
    circuit: r1cs,
    witness: wasm,
    key,
    transcript,
    verificationKey: JSON.stringify(await verificationKeyOf(key)),
  };
  const hashes = {
    program: digest(files.program),
    certificate: digest(files.certificate),
    circuit: digest(files.circuit),
    key: digest(files.key),
    transcript: digest(files.transcript),
    phase1: parseTranscript(Buffer.from(transcript).toString("utf8")).phase1.sha256,
  };
  const manifest = formatManifest(
    manifestOf({ source: model, program, scales: program.output.fields.map(() => 1) }, hashes),
  );
  for (const [name, content] of Object.entries({ ...files, manifest })) {
    await writeFile(join(folder, FILES[name as BundleFile]), content);
  }
  return folder;
}
