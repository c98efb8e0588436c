/**
 * Re-checks a built model from its circuit to its id, offline, trusting nobody who made it. What it does not tell is
 * whether the model is any good, and whether one of the key's contributors was honest.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import type { Hex } from "viem";

import type { G2Point } from "../../protocol/bn254.ts";
import { modelOf } from "../../protocol/model.ts";
import { keyFromSnarkjs } from "../../protocol/snarkjs.ts";
import { digest } from "../cache.ts";
import { deltaOf, readKey, type Contribution, isContributedTo } from "../ceremony/key-file.ts";
import { compare } from "../ceremony/folder.ts";
import { isDevelopmentSetup } from "../development-setup.ts";
import { refuseSharedDelta, type NamedDelta } from "../ceremony/shared-delta.ts";
import { checkKeyFile, type StepOptions } from "../ceremony/step.ts";
import { parseTranscript } from "../ceremony/transcript.ts";
import { NoContributionError, phase1Of } from "../ceremony/verify.ts";
import { emitCircuit } from "../circuit/emit.ts";
import { planCircuit } from "../circuit/plan.ts";
import { costOf } from "../circuit/cost.ts";
import { compileText } from "../compile.ts";
import { verificationKeyOf, type VerificationKey } from "../groth16.ts";
import { isSound, lintCircuit, type LintReport } from "../lint/lint.ts";
import { codecsOf } from "../source.ts";
import { widthOf } from "../codec.ts";
import { TOOLS } from "../manifest/describe.ts";
import { manifestHashOf, parseManifest, type Manifest } from "../manifest/manifest.ts";
import { absorbed } from "../private-weights/absorb.ts";
import { checkWeights } from "../private-weights/knowledge.ts";
import { certificateOf, formatCertificate } from "../program/certificate.ts";
import { checkLabels } from "../program/labels.ts";
import { checkCertificate } from "../program/check-certificate.ts";
import { intervalsOf } from "../program/intervals.ts";
import type { Program } from "../program/program.ts";
import { readProgram } from "../program/program-file.ts";
import { privateSteps } from "../program/secrets.ts";
import { FILES, parseKey } from "./files.ts";
import { lintInputs } from "./lint-inputs.ts";
import { bundleFiles, type BundleFiles } from "./reader.ts";
import { parseWeightsProof } from "./weights-file.ts";

export type VerifyModelOptions = StepOptions & {
  /** The id that the model must have. */
  readonly id?: Hex | undefined;
  /** Path of the phase 1. The development one is found by itself. */
  readonly phase1?: string | undefined;
  /** Other built models, with which this one must not share a delta. */
  readonly beside?: readonly string[];
};

export type VerifiedModel = {
  readonly id: Hex;
  readonly manifest: Manifest;
  readonly isDevelopment: boolean;
  readonly constraints: number;
  readonly contributions: readonly Contribution[];
  readonly hasPrivateWeights: boolean;
  readonly lint: LintReport;
  readonly key: VerificationKey;
};

/** Verifies a built model, or says by an error of its own what is wrong with it. */
export async function verifyModel(folder: string, options: VerifyModelOptions = {}): Promise<VerifiedModel> {
  const { onStep = () => {} } = options;
  const files = bundleFiles(folder);
  onStep("reading the manifest");
  const manifest = parseManifest(await files.text("manifest"));
  checkCompiler(manifest);
  for (const file of ["program", "certificate", "circuit", "key", "transcript"] as const) {
    await files.expectHash(file, manifest[file]);
  }

  onStep("checking the certificate");
  const program = readProgram(await files.text("program"));
  checkFields(manifest, program);
  const hasPrivateWeights = privateSteps(program).length > 0;
  if (hasPrivateWeights !== (manifest.weights !== undefined)) throw new NoWeightsProofError(hasPrivateWeights);
  const intervals = intervalsOf(program);
  // Derived anew, and held against the certificate as well as against the checker, which allows for wider ones.
  const certificate = digest(formatCertificate(certificateOf(intervals)));
  if (certificate !== manifest.certificate) throw new OtherCertificateError();
  checkCertificate(program, intervals);
  checkLabels(manifest.output, program, intervals);

  onStep("compiling the circuit again");
  const plan = planCircuit(program, intervals);
  const source = emitCircuit(plan);
  const { r1cs, wasm } = await compileText(source);
  if (digest(r1cs) !== manifest.circuit) throw new OtherCircuitError(digest(r1cs), manifest.circuit);

  onStep("checking that its inputs determine every wire");
  const lint = await lintCircuit({ r1cs, wasm, inputs: lintInputs(program, plan.weights) });
  if (!isSound(lint)) throw new UnsoundCircuitError(lint);

  const { contributions, shapeKey, delta } = await verifyKey(files, manifest, r1cs, options);
  onStep("comparing the id");
  const key = hasPrivateWeights ? await keyWithWeights(files, manifest.weights ?? "", shapeKey) : shapeKey;
  const points = keyFromSnarkjs(key);
  const written = keyFromSnarkjs(parseKey(await files.text("verificationKey")));
  if (!isDeepStrictEqual(written, points)) throw new OtherKeyError();
  const id = modelOf(points, manifestHashOf(manifest));
  if (options.id !== undefined && options.id.toLowerCase() !== id) throw new OtherModelError(id, options.id);
  await files.expectHash("source", digest(source));
  await files.expectHash("witness", digest(wasm));
  await compareDeltas({ name: folder, delta }, manifest, options.beside ?? []);
  return {
    id,
    manifest,
    isDevelopment: isDevelopmentSetup(manifest.phase1),
    constraints: costOf(plan).rows,
    contributions,
    hasPrivateWeights,
    lint,
    key,
  };
}

/** The same text compiles to other constraints with another compiler, which says nothing about the model. */
function checkCompiler({ compiler }: Manifest): void {
  if (!isDeepStrictEqual(compiler, TOOLS)) throw new OtherCompilerError(compiler);
}

function versions({ assay, circom, optimisation, snarkjs }: Manifest["compiler"]): string {
  return `assay ${assay}, circom ${circom} ${optimisation} and snarkjs ${snarkjs}`;
}

/** What the manifest says that fields mean must be what the program takes and answers. */
function checkFields({ input, output }: Manifest, program: Program): void {
  const said = {
    visibility: [input.visibility, output.visibility],
    widths: codecsOf({ input }).map(widthOf),
    fields: output.fields.map(({ bits, encoding }) => ({ bits, encoding })),
  };
  const found = {
    visibility: [program.input.visibility, program.output.visibility],
    widths: program.input.widths,
    fields: program.output.fields.map(({ bits, encoding }) => ({ bits, encoding })),
  };
  for (const what of ["visibility", "widths", "fields"] as const) {
    if (!isDeepStrictEqual(said[what], found[what])) throw new OtherFieldsError(what);
  }
}

async function verifyKey(
  files: BundleFiles,
  manifest: Manifest,
  r1cs: Uint8Array,
  options: VerifyModelOptions,
): Promise<{ contributions: readonly Contribution[]; shapeKey: VerificationKey; delta: G2Point }> {
  const transcript = parseTranscript(await files.text("transcript"));
  compare("circuit's SHA-256", transcript.circuit, manifest.circuit);
  compare("phase 1's SHA-256", transcript.phase1.sha256, manifest.phase1);
  compare("key's SHA-256", transcript.key.sha256, manifest.key);
  const key = await files.bytes("key");
  const { contributions, delta } = await readKey(key);
  compare("list of contributions", transcript.contributions, contributions);
  if (!isContributedTo({ contributions })) throw new NoContributionError();
  const phase1 = await phase1Of(transcript, options);
  const scratch = await mkdtemp(join(tmpdir(), "assay-verify-"));
  try {
    // What was compiled and read here, and not what may lie in the folder by now.
    const [circuitFile, keyFile] = [join(scratch, FILES.circuit), join(scratch, FILES.key)];
    await writeFile(circuitFile, r1cs);
    await writeFile(keyFile, key);
    await checkKeyFile({ r1cs: circuitFile, phase1, key: keyFile }, options);
  } finally {
    await rm(scratch, { recursive: true });
  }
  return { contributions, delta, shapeKey: await verificationKeyOf(key) };
}

/** Models of one shape share circuit and key, and with them the delta: that is what a shape is for. */
async function compareDeltas(own: NamedDelta, manifest: Manifest, beside: readonly string[]): Promise<void> {
  for (const name of beside) {
    const key = await bundleFiles(name).bytes("key");
    if (digest(key) !== manifest.key) refuseSharedDelta([own, { name, delta: await deltaOf(key) }]);
  }
}

async function keyWithWeights(files: BundleFiles, hash: string, shapeKey: VerificationKey): Promise<VerificationKey> {
  await files.expectHash("weightsProof", hash);
  const proof = parseWeightsProof(await files.text("weightsProof"));
  checkWeights(shapeKey, proof);
  return absorbed(shapeKey, proof.constant);
}

/** The circuit of a manifest is not the one that its program and certificate make. */
export class OtherCircuitError extends Error {
  override readonly name = "OtherCircuitError";

  constructor(found: string, expected: string) {
    super(
      `The program and its certificate make a circuit with the SHA-256 ${found}, and the manifest names ${expected}. It ` +
        "proves something else than it says: do not use this model.",
    );
  }
}

/** A circuit's inputs do not determine all of it, or nobody can tell. */
export class UnsoundCircuitError extends Error {
  override readonly name = "UnsoundCircuitError";
  readonly report: LintReport;

  constructor(report: LintReport) {
    super(
      `The circuit is not sound: ${report.findings.length} findings, ${report.unknown.length} wires that nothing shows to ` +
        "be determined. Do not use this model.",
    );
    this.report = report;
  }
}

/** A model was built by other versions of the tools. */
export class OtherCompilerError extends Error {
  override readonly name = "OtherCompilerError";

  constructor(built: Manifest["compiler"]) {
    super(
      `The model was built by ${versions(built)}; this is ${versions(TOOLS)}. Verify it with the versions that built it.`,
    );
  }
}

/** A manifest gives fields a meaning that its program does not have. */
export class OtherFieldsError extends Error {
  override readonly name = "OtherFieldsError";

  constructor(what: string) {
    super(`The manifest and the program have other ${what} of input or output. Do not use this model.`);
  }
}

/** A model is another one than was asked for. */
export class OtherModelError extends Error {
  override readonly name = "OtherModelError";
  readonly found: Hex;

  constructor(found: Hex, expected: Hex) {
    super(`The files are those of the model ${found}, and not of ${expected}. Ask for the right ones.`);
    this.found = found;
  }
}

/** A manifest names a certificate that does not follow from its program. */
export class OtherCertificateError extends Error {
  override readonly name = "OtherCertificateError";

  constructor() {
    super("The certificate is not the one that follows from the program. Do not use this model.");
  }
}

/** A verification key is not the one that follows from the proving key. */
export class OtherKeyError extends Error {
  override readonly name = "OtherKeyError";

  constructor() {
    super(`${FILES.verificationKey} does not follow from ${FILES.key}. Ask for the model's files again.`);
  }
}

/** A key with private weights comes without a proof that they are known, or one without comes with it. */
export class NoWeightsProofError extends Error {
  override readonly name = "NoWeightsProofError";

  constructor(hasPrivateWeights: boolean) {
    super(
      hasPrivateWeights
        ? "The model's weights are private, and its manifest names no proof that they are known: anything may be in its key."
        : "The manifest names a proof of private weights, and the program has none. Do not use this model.",
    );
  }
}
