/** From a model's folder to all that answering, proving, publishing and checking needs. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";

import type { Hex } from "viem";

import { modelOf } from "../../protocol/model.ts";
import { keyFromSnarkjs } from "../../protocol/snarkjs.ts";
import { deriveModel, type DerivedModel } from "../build-model.ts";
import { digest } from "../cache.ts";
import { isDevelopmentSetup } from "../development-setup.ts";
import { randomScalar } from "../field.ts";
import { parseTranscript } from "../ceremony/transcript.ts";
import type { StepOptions } from "../ceremony/step.ts";
import { compileOnce, type CompiledCircuit } from "../compile.ts";
import { isCode } from "../files.ts";
import { verificationKeyOf, type VerificationKey } from "../groth16.ts";
import { manifestOf } from "../manifest/describe.ts";
import { formatManifest, manifestHashOf, type Manifest, type ManifestHashes } from "../manifest/manifest.ts";
import { absorbed } from "../private-weights/absorb.ts";
import { checkWeights, proveWeights, WeightsProofError, type WeightsProof } from "../private-weights/knowledge.ts";
import { formatCertificate } from "../program/certificate.ts";
import { packSecrets, privateSteps, secretsOf } from "../program/secrets.ts";
import { writeProgram } from "../program/program-file.ts";
import { pageOf } from "../report/page.ts";
import { reportOf } from "../report/report.ts";
import { FILES } from "./files.ts";
import { setupOf, type SetupSource } from "./setup.ts";
import {
  formatWeights,
  formatWeightsProof,
  parseWeights,
  parseWeightsProof,
  type PrivateWeights,
} from "./weights-file.ts";

export type BuildModelOptions = StepOptions & {
  readonly setup: SetupSource;
  /** Refuse a circuit with more rows. */
  readonly limit?: number | undefined;
  /** Where what takes long is kept. */
  readonly cache?: string | undefined;
};

export type BuiltModel = {
  readonly folder: string;
  readonly id: Hex;
  readonly manifest: Manifest;
  readonly isDevelopment: boolean;
  readonly derived: DerivedModel;
};

type Texts = Partial<Record<keyof typeof FILES, string | Uint8Array>>;

/**
 * Builds a model into a folder of its own, which is replaced as a whole or left as it was.
 *
 * @param folder With `model.json`, `model.onnx` and the data.
 */
export async function buildModel(folder: string, out: string, options: BuildModelOptions): Promise<BuiltModel> {
  const target = resolve(out);
  await checkTarget(target);
  const { derived, compiled } = await deriveCircuit(folder, options);
  const { key, transcript } = await setupOf(compiled.r1cs, options.setup, options);
  const shapeKey = await verificationKeyOf(key);
  options.onStep?.("writing");
  const weights = await weightsFor(derived, shapeKey, target);
  const modelKey = weights?.key ?? shapeKey;
  const texts: Texts = {
    ...circuitTexts(derived, compiled),
    key,
    transcript,
    verificationKey: `${JSON.stringify(modelKey, null, 2)}\n`,
    ...weights?.texts,
  };
  const phase1 = parseTranscript(new TextDecoder().decode(transcript)).phase1.sha256;
  const manifest = manifestOf(derived, hashesOf(texts, phase1));
  await replace(target, { ...texts, manifest: formatManifest(manifest) });
  return {
    folder: target,
    id: modelOf(keyFromSnarkjs(modelKey), manifestHashOf(manifest)),
    manifest,
    isDevelopment: isDevelopmentSetup(phase1),
    derived,
  };
}

/** Builds what can be built without a key: what a ceremony among several people starts from. */
export async function buildCircuit(
  folder: string,
  out: string,
  options: Omit<BuildModelOptions, "setup">,
): Promise<Pick<BuiltModel, "folder" | "derived"> & { readonly circuit: string }> {
  const target = resolve(out);
  await checkTarget(target);
  // They cannot be made again as they were.
  if ((await earlierWeights(target)) !== undefined) throw new OtherWeightsError(target);
  const { derived, compiled } = await deriveCircuit(folder, options);
  await replace(target, circuitTexts(derived, compiled));
  return { folder: target, circuit: join(target, FILES.circuit), derived };
}

async function deriveCircuit(
  folder: string,
  { limit, cache, ...step }: Omit<BuildModelOptions, "setup">,
): Promise<{ derived: DerivedModel; compiled: CompiledCircuit }> {
  const derived = await deriveModel(folder, { ...step, limit });
  step.onStep?.("compiling the circuit");
  return { derived, compiled: await compileOnce(derived.circuit, cache) };
}

function hashesOf(texts: Texts, phase1: string): ManifestHashes {
  const hash = (file: keyof typeof FILES): string => digest(texts[file] ?? "");
  return {
    program: hash("program"),
    certificate: hash("certificate"),
    circuit: hash("circuit"),
    phase1,
    key: hash("key"),
    transcript: hash("transcript"),
    ...(texts.weightsProof === undefined ? {} : { weights: hash("weightsProof") }),
  };
}

function circuitTexts(derived: DerivedModel, { r1cs, wasm }: CompiledCircuit): Texts {
  const report = reportOf(derived);
  return {
    program: writeProgram(derived.program),
    certificate: formatCertificate(derived.certificate),
    source: derived.circuit,
    circuit: r1cs,
    witness: wasm,
    report: `${JSON.stringify(report, null, 2)}\n`,
    page: pageOf(report),
  };
}

/** Takes private weights into the key, as an earlier build of the very same did if there is one, so that its id stays. */
async function weightsFor(
  { program }: DerivedModel,
  shapeKey: VerificationKey,
  folder: string,
): Promise<{ readonly key: VerificationKey; readonly texts: Texts } | undefined> {
  if (privateSteps(program).length === 0) return undefined;
  const secrets = secretsOf(program);
  const earlier = await earlierWeights(folder);
  if (earlier !== undefined) {
    if (!isDeepStrictEqual(earlier.weights.secrets, secrets)) throw new OtherWeightsError(folder);
    const proof = parseWeightsProof(earlier.proof);
    if (areWeightsKnown(shapeKey, proof)) {
      return {
        key: absorbed(shapeKey, proof.constant),
        texts: { weights: formatWeights(earlier.weights), weightsProof: earlier.proof },
      };
    }
  }
  const blinding = randomScalar();
  const proof = proveWeights(shapeKey, [...packSecrets(program), blinding]);
  const proofText = formatWeightsProof(proof);
  return {
    key: absorbed(shapeKey, proof.constant),
    texts: { weights: formatWeights({ secrets, blinding, proof: digest(proofText) }), weightsProof: proofText },
  };
}

/** Whether a proof is for this very key, and not for one that was made before it. */
function areWeightsKnown(key: VerificationKey, proof: WeightsProof): boolean {
  try {
    checkWeights(key, proof);
    return true;
  } catch (error) {
    if (error instanceof WeightsProofError) return false;
    throw error;
  }
}

async function earlierWeights(folder: string): Promise<{ weights: PrivateWeights; proof: string } | undefined> {
  try {
    const [weights, proof] = await Promise.all([
      readFile(join(folder, FILES.weights), "utf8"),
      readFile(join(folder, FILES.weightsProof), "utf8"),
    ]);
    return { weights: parseWeights(weights), proof };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Refuses to write where something else would be lost, before any work is done. */
async function checkTarget(folder: string): Promise<void> {
  const present: string[] = await readdir(folder).catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return [];
    throw isCode(error, "ENOTDIR") ? new NotAModelFolderError(folder) : error;
  });
  const own: readonly string[] = Object.values(FILES);
  if (!present.every((file) => own.includes(file))) throw new NotAModelFolderError(folder);
}

/** Writes beside, then renames, so that a build which is killed leaves the one before. */
async function replace(folder: string, texts: Texts): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const beside = await mkdtemp(`${folder}.`);
  const [made, old] = [join(beside, "made"), join(beside, "old")];
  try {
    await mkdir(made);
    for (const [name, content] of Object.entries(texts)) {
      const file = FILES[name as keyof typeof FILES];
      await writeFile(join(made, file), content, { mode: name === "weights" ? 0o600 : 0o644 });
    }
    await checkTarget(folder);
    await rename(folder, old).catch((error: unknown) => {
      if (!isCode(error, "ENOENT")) throw error;
    });
    await rename(made, folder);
  } finally {
    await rm(beside, { recursive: true });
  }
}

/** A built model would be replaced whose private weights nobody else may have. */
export class OtherWeightsError extends Error {
  override readonly name = "OtherWeightsError";
  readonly folder: string;

  constructor(folder: string) {
    super(
      `${folder} holds the private weights of another model, and ${FILES.weights} would be lost: without it nobody can ` +
        "answer with that model again. Name another folder, or move this one away.",
    );
    this.folder = folder;
  }
}

/** There is something else where a built model should go. */
export class NotAModelFolderError extends Error {
  override readonly name = "NotAModelFolderError";
  readonly folder: string;

  constructor(folder: string) {
    super(`${folder} holds other things than a built model, which would be lost. Name a folder that is not there.`);
    this.folder = folder;
  }
}
