import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { deriveFrom, deriveModel, readParts } from "../../../src/model/build-model.ts";
import { FILES, WrongFileError } from "../../../src/model/bundle/files.ts";
import { openModel, ProofRefusedError, type OpenModel } from "../../../src/model/bundle/open.ts";
import { verifyModel } from "../../../src/model/bundle/verify.ts";
import { formatWeights, parseWeights, type PrivateWeights } from "../../../src/model/bundle/weights-file.ts";
import type { BuiltModel } from "../../../src/model/bundle/build.ts";
import { INPUT, type Operator } from "../../../src/model/graph.ts";
import { isProof, prove, stopThreads, verificationKeyOf } from "../../../src/model/groth16.ts";
import { isSound, lintCircuit } from "../../../src/model/lint/lint.ts";
import { executorOf, outputOf } from "../../../src/model/program/execute.ts";
import type { Program, Secret } from "../../../src/model/program/program.ts";
import { readProgram } from "../../../src/model/program/program-file.ts";
import {
  MissingWeightsError,
  packSecrets,
  WeightCountError,
  WideSumError,
  withSecrets,
} from "../../../src/model/program/secrets.ts";
import { BakedWeightsError } from "../../../src/model/quantise/quantise.ts";
import { witnessOf, type CircuitInputs } from "../../../src/model/witness.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { errorOf } from "../../helpers/errors.ts";
import { brokenBy, fileOf, forge, targetOf } from "../../helpers/forged.ts";
import { inputsFor } from "../../helpers/circuit.ts";
import { seededRandom } from "../../helpers/random.ts";
import { NARROW, PRIVATE, shapeOf, WIDE, writePair, writePrivate } from "./private-model.ts";
import { build, copyOf, newFolder } from "./world.ts";

const CONTEXT = 42n;
/** How much of a proof's public signals a verifier of one model sees. */
const PUBLIC = 3;

describe("models with private weights, of one shape", () => {
  let folder: string;
  let sources: { first: string; second: string };
  let first: BuiltModel;
  let second: BuiltModel;
  let model: OpenModel;
  let weights: PrivateWeights;
  let program: Program;

  before(async () => {
    folder = await newFolder();
    sources = await writePair(folder);
    first = await build(sources.first);
    second = await build(sources.second);
    model = await openModel(first.folder);
    weights = parseWeights(await textOf(first, "weights"));
    program = withSecrets(readProgram(await textOf(first, "program")), weights.secrets);
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  const bytesOf = (built: BuiltModel, file: keyof typeof FILES) => readFile(join(built.folder, FILES[file]));
  const textOf = async (built: BuiltModel, file: keyof typeof FILES) => (await bytesOf(built, file)).toString("utf8");
  const inputsOf = (fields: readonly number[]): CircuitInputs => ({
    fields: fields.map(BigInt),
    context: CONTEXT,
    weights: packSecrets(program),
    blinding: weights.blinding,
  });

  it("share circuit and proving key, and have ids of their own", async () => {
    for (const file of ["program", "certificate", "circuit", "key", "transcript"] as const) {
      expect(await bytesOf(first, file), file).to.deep.equal(await bytesOf(second, file));
    }
    expect(first.id).not.to.equal(second.id);
    expect(await textOf(first, "verificationKey")).not.to.equal(await textOf(second, "verificationKey"));
  });

  it("answer as the circuit does, on hundreds of inputs and at the ends of all fields", async () => {
    const wasm = await bytesOf(first, "witness");
    const execute = executorOf(program);
    const r1cs = await bytesOf(first, "circuit");
    const answers = new Set<bigint>();
    for (const fields of inputsFor(program, 300, seededRandom(11))) {
      const target = await targetOf({ r1cs, wasm }, inputsOf(fields));
      const [answer = -1n] = outputOf(program, execute(fields));
      expect(target.honest[2], fields.join()).to.equal(answer);
      answers.add(answer);
    }
    expect(answers.size).to.equal(2);
  });

  it("have a circuit in which every wire is determined, with these very weights too", async () => {
    const inputs = inputsFor(program, 3, seededRandom(2)).map(inputsOf);
    const [r1cs, wasm] = [await bytesOf(first, "circuit"), await bytesOf(first, "witness")];
    const report = await lintCircuit({ r1cs, wasm, inputs });
    expect(isSound(report), JSON.stringify(report.findings)).to.equal(true);
    expect(report.witnesses).to.equal(5);
  });

  it("are told apart by a proof: one of the first is refused under the key of the second", async () => {
    const answer = model.answer([1, 2, 3, 4]);
    const other = await openModel(second.folder);
    const proven = await prove(
      await bytesOf(first, "key"),
      await witnessOf(await bytesOf(first, "witness"), inputsOf(answer.fields)),
    );
    const seen = { ...proven, publicSignals: proven.publicSignals.slice(0, PUBLIC) };
    expect(await isProof(model.key, seen)).to.equal(true);
    expect(await isProof(other.key, seen)).to.equal(false);
  });

  it("are not proven by who knows the weights, but changes one", async () => {
    const r1cs = await bytesOf(first, "circuit");
    const target = await targetOf({ r1cs, wasm: await bytesOf(first, "witness") }, inputsOf([1, 60, 2, 33]));
    const weight = target.honest.indexOf(packSecrets(program)[1] ?? -1n);
    const witness = forge(target, new Map([[weight, (target.honest[weight] ?? 0n) + 1n]]));
    // The circuit is content with any weights: it is the key that knows which.
    expect(brokenBy(target, witness)).to.deep.equal([]);
    const proven = await prove(await bytesOf(first, "key"), fileOf(target, witness));
    expect(await isProof(await verificationKeyOf(await bytesOf(first, "key")), proven)).to.equal(true);
    expect(await isProof(model.key, { ...proven, publicSignals: proven.publicSignals.slice(0, PUBLIC) })).to.equal(
      false,
    );
  });

  it("are not proven with another blinding, nor by who lacks the weights", async () => {
    const [wasm, key] = [await bytesOf(first, "witness"), await bytesOf(first, "key")];
    const honest = inputsOf([1, 60, 2, 33]);
    const zeros = packSecrets(program).map(() => 0n);
    for (const inputs of [
      { ...honest, blinding: weights.blinding + 1n },
      { ...honest, weights: zeros },
    ]) {
      const { proof, publicSignals } = await prove(key, await witnessOf(wasm, inputs));
      expect(await isProof(model.key, { proof, publicSignals: publicSignals.slice(0, PUBLIC) })).to.equal(false);
    }
  });

  it("keep the weights out of every file but one, which its owner alone can read", async () => {
    const secret = [...packSecrets(program).filter((element) => element > 2n ** 32n), weights.blinding];
    expect(secret.length).to.be.greaterThan(4);
    const { weights: own, bias } = Object.values(weights.secrets)[0] ?? { weights: [], bias: [] };
    const needles = [
      ...secret.flatMap(spellings),
      Buffer.from(own.join(",")),
      Buffer.from(own.slice(0, 4).join(", ")),
      Buffer.from(bias.join(",")),
    ];
    for (const file of await readdir(first.folder)) {
      const content = await readFile(join(first.folder, file));
      const found = needles.some((needle) => content.includes(Buffer.from(needle)));
      expect(found, file).to.equal(file === FILES.weights);
    }
    expect((await stat(join(first.folder, FILES.weights))).mode & 0o777).to.equal(0o600);
  });

  it("keep their id when they are built again, and get another with another blinding", async () => {
    const again = await build(sources.first);
    expect(again.id).to.equal(first.id);
    const elsewhere = await build(sources.first, join(folder, "elsewhere"));
    expect(elsewhere.id).not.to.equal(first.id);
    const { secrets, blinding } = parseWeights(await textOf(elsewhere, "weights"));
    expect(secrets).to.deep.equal(weights.secrets);
    expect(blinding).not.to.equal(weights.blinding);
    const keys = await Promise.all([first, elsewhere].map(({ folder: each }) => openModel(each)));
    expect(keys[0]?.key.IC[0]).not.to.deep.equal(keys[1]?.key.IC[0]);
    expect(keys[0]?.key.IC.slice(1)).to.deep.equal(keys[1]?.key.IC.slice(1));
  });

  it("verify, but do not answer, where the weights are not", async () => {
    const published = await copyOf(first.folder);
    await rm(join(published, FILES.weights));
    // Beside one of its shape, whose key and delta are the same.
    const verified = await verifyModel(published, { id: first.id, beside: [second.folder] });
    expect(verified).to.include({ id: first.id, hasPrivateWeights: true });
    const opened = await openModel(published);
    expect(opened.id).to.equal(first.id);
    expect(() => opened.answer([1, 2, 3, 4])).to.throw(MissingWeightsError, "layer0");
    await rm(published, { recursive: true });
  });

  it("prove nothing with the weights of another", async () => {
    const mixed = await copyOf(first.folder);
    const other = await textOf(second, "weights");
    await writeFile(join(mixed, FILES.weights), other);
    expect(await errorOf(openModel(mixed))).to.be.instanceOf(WrongFileError);
    // By mistake they cannot be mixed up; on purpose they can.
    const own = parseWeights(await textOf(first, "weights"));
    await writeFile(join(mixed, FILES.weights), formatWeights({ ...parseWeights(other), proof: own.proof }));
    const opened = await openModel(mixed);
    expect(await errorOf(opened.prove(opened.answer([1, 2, 3, 4]), CONTEXT))).to.be.instanceOf(ProofRefusedError);
    await rm(mixed, { recursive: true });
  });

  it("refuse weights of another count", () => {
    const [step = ""] = Object.keys(weights.secrets);
    const { weights: own = [], bias = [] } = weights.secrets[step] ?? {};
    const isRefused = (secret: Secret): void => {
      expect(() => withSecrets(program, { ...weights.secrets, [step]: secret })).to.throw(WeightCountError);
    };
    isRefused({ weights: own.slice(1), bias });
    isRefused({ weights: own, bias: bias.slice(1) });
    expect(() => withSecrets(program, {})).to.throw(MissingWeightsError);
  });

  it("refuse weights that are too large for the shape", async () => {
    const narrow = shapeOf((await deriveModel(await writePrivate(join(folder, "narrow"), NARROW))).program);
    const failure = await errorOf(deriveModel(await writePrivate(join(folder, "too wide"), WIDE, narrow)));
    expect(failure).to.be.instanceOf(WideSumError);
    expect(String(failure)).to.include("take 14 bits with these weights, and the shape holds 13");
  });

  it("do not hide what a circuit would have to show: convolutions, trees, factors and sums", async () => {
    const parts = await readParts(sources.first);
    const leaf = (weight: number) => ({ targets: [0], weights: [weight] });
    const operators: readonly Operator[] = [
      {
        kind: "conv",
        input: INPUT,
        geometry: {
          channels: 1,
          height: 2,
          width: 2,
          filters: 1,
          kernel: [1, 1],
          strides: [1, 1],
          dilations: [1, 1],
          pads: [0, 0, 0, 0],
          groups: 1,
        },
        weights: Float64Array.of(3),
        bias: Float64Array.of(1),
      },
      { kind: "affine", input: INPUT, multipliers: Float64Array.of(1, 2, 3, 4), offsets: new Float64Array(4) },
      { kind: "sum", inputs: [INPUT, INPUT], coefficients: [1, 2] },
      {
        kind: "trees",
        input: INPUT,
        base: Float64Array.of(0),
        trees: [{ feature: 0, threshold: 7, comparison: "<", below: leaf(1), above: leaf(2) }],
        precision: "float64",
      },
    ];
    for (const operator of operators) {
      const node = { id: "baked", size: operator.kind === "trees" ? 1 : 4, origin: "Layer 1", operator };
      const graph = { inputSize: 4, nodes: [node], outputs: [{ name: "out", tensor: "baked" }] };
      expect(() => deriveFrom({ ...parts, graph }), operator.kind).to.throw(BakedWeightsError, operator.kind);
    }
    expect(parts.source.weights).to.equal(PRIVATE.weights);
  });
});

/** A number in all forms in which a file may hold it. */
function spellings(value: bigint): Uint8Array[] {
  const montgomery = (value * 2n ** 256n) % GROUP_ORDER;
  const negative = GROUP_ORDER - value;
  return [value, negative, montgomery].flatMap((each) => {
    const hex = each.toString(16);
    const bytes = Buffer.from(hex.padStart(64, "0"), "hex");
    return [Buffer.from(each.toString()), Buffer.from(hex), Buffer.from(hex.toUpperCase()), bytes, bytes.toReversed()];
  });
}
