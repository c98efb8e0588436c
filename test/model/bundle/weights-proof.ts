import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { bn254 } from "@noble/curves/bn254";
import { expect } from "chai";
import { concatHex, keccak256, numberToHex, stringToHex } from "viem";

import type { BuiltModel } from "../../../src/model/bundle/build.ts";
import { FILES, MissingFileError, WrongFileError } from "../../../src/model/bundle/files.ts";
import { NoWeightsProofError, OtherKeyError, verifyModel } from "../../../src/model/bundle/verify.ts";
import {
  formatWeightsProof,
  MalformedWeightsError,
  parseWeights,
  parseWeightsProof,
  type PrivateWeights,
} from "../../../src/model/bundle/weights-file.ts";
import { randomScalar } from "../../../src/model/field.ts";
import { isProof, prove, stopThreads, verificationKeyOf, type VerificationKey } from "../../../src/model/groth16.ts";
import type { Manifest } from "../../../src/model/manifest/manifest.ts";
import { absorbed, combinePoints, constantOf, weightPoints } from "../../../src/model/private-weights/absorb.ts";
import {
  checkWeights,
  proveWeights,
  WeightsProofError,
  type WeightsProof,
} from "../../../src/model/private-weights/knowledge.ts";
import { packSecrets, withSecrets } from "../../../src/model/program/secrets.ts";
import { readProgram } from "../../../src/model/program/program-file.ts";
import { witnessOf } from "../../../src/model/witness.ts";
import { BadPointError, GROUP_ORDER, type G1Point } from "../../../src/protocol/bn254.ts";
import { errorOf } from "../../helpers/errors.ts";
import { build, copyOf, editManifest, newFolder, plantFile } from "./world.ts";
import { NARROW, writePrivate } from "./private-model.ts";

describe("the proof that private weights are known", () => {
  let folder: string;
  let built: BuiltModel;
  let key: VerificationKey;
  let proof: WeightsProof;
  let weights: PrivateWeights;
  let values: readonly bigint[];

  before(async () => {
    folder = await newFolder();
    built = await build(await writePrivate(join(folder, "model"), NARROW));
    key = await verificationKeyOf(await readFile(join(built.folder, FILES.key)));
    proof = parseWeightsProof(await read("weightsProof"));
    weights = parseWeights(await read("weights"));
    values = [...packSecrets(withSecrets(readProgram(await read("program")), weights.secrets)), weights.blinding];
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  const read = (file: keyof typeof FILES) => readFile(join(built.folder, FILES[file]), "utf8");
  const refuses = (changed: Partial<WeightsProof>, on = key): void => {
    expect(() => checkWeights(on, { ...proof, ...changed })).to.throw(WeightsProofError);
  };
  /** A transcript by the book, for a constant point that is any. */
  const transcriptFor = (constant: G1Point): WeightsProof => {
    const nonces = values.map(() => randomScalar());
    const commitment = combinePoints(weightPoints(key), nonces);
    const challenge = challengeOf(key, constant, commitment);
    const responses = nonces.map((nonce, at) => (nonce + challenge * (values[at] ?? 0n)) % GROUP_ORDER);
    return { constant, commitment, responses };
  };
  const pointAt = (index: number): G1Point => {
    const [x = "", y = ""] = key.IC[index] ?? [];
    return { x: BigInt(x), y: BigInt(y) };
  };
  const movedBy = (steps: bigint, point: G1Point): G1Point => combinePoints([proof.constant, point], [1n, steps]);

  it("is accepted as it was written, for the constant point that the weights make", () => {
    checkWeights(key, proof);
    checkWeights(key, parseWeightsProof(formatWeightsProof(proof)));
    const points = [constantOf(key), ...weightPoints(key)];
    expect(combinePoints(points, [1n, ...values])).to.deep.equal(proof.constant);
    // The same statement, made by another program.
    checkWeights(key, transcriptFor(proof.constant));
  });

  it("is another one each time, and the constant stays", () => {
    const again = proveWeights(key, values);
    checkWeights(key, again);
    expect(again.constant).to.deep.equal(proof.constant);
    expect(again.commitment).not.to.deep.equal(proof.commitment);
    expect(() => proveWeights(key, values.slice(1))).to.throw(WeightsProofError, "points for");
  });

  it("is refused with a response changed, swapped, left out or added", () => {
    const { responses } = proof;
    for (const at of responses.keys()) refuses({ responses: responses.with(at, (responses[at] ?? 0n) + 1n) });
    refuses({ responses: responses.toReversed() });
    refuses({ responses: responses.slice(1) });
    refuses({ responses: [...responses, 0n] });
    refuses({ responses: [] });
  });

  it("is refused for a constant point that moves any of the points of the claim, however honest its transcript", () => {
    const moved = key.IC.map(([x, y]) => movedBy(3n, { x: BigInt(x), y: BigInt(y) }));
    for (const constant of moved) refuses({ constant });
    // The constant, the input, the output and the context; those of the weights are anyone's to move who knows them.
    for (const constant of [...moved.slice(0, 4), movedBy(1n, BASE)]) refuses(transcriptFor(constant));
  });

  it("is refused if its commitment was chosen after its challenge", () => {
    // The simulator's way: it needs no weights, but has to guess what the hash will be.
    const constant = movedBy(3n, BASE);
    const responses = values.map(() => randomScalar());
    const guess = randomScalar();
    const commitment = combinePoints(
      [...weightPoints(key), constant, constantOf(key)],
      [...responses, GROUP_ORDER - guess, guess],
    );
    refuses({ constant, commitment, responses });
  });

  it("is refused for a key that differs in one point, wherever that is", () => {
    const { vk_alpha_1: alpha, vk_beta_2: beta, vk_gamma_2: gamma, vk_delta_2: delta, IC } = key;
    const twice = ([x = "", y = ""]: readonly string[]): [string, string, string] => {
      const sum = combinePoints([{ x: BigInt(x), y: BigInt(y) }], [2n]);
      return [sum.x.toString(), sum.y.toString(), "1"];
    };
    const others: VerificationKey[] = [
      { ...key, vk_alpha_1: twice(alpha) },
      { ...key, vk_beta_2: gamma },
      { ...key, vk_gamma_2: beta },
      { ...key, vk_delta_2: beta },
      ...IC.map((point, at) => ({ ...key, IC: IC.with(at, twice(point)) })),
    ];
    expect(delta).not.to.deep.equal(beta);
    for (const other of others) refuses({}, other);
    refuses({}, { ...key, IC: IC.slice(0, -1) });
  });

  it("is refused for a key that takes no weights", () => {
    const open = { ...key, nPublic: 3, IC: key.IC.slice(0, 4) };
    expect(() => checkWeights(open, { ...proof, responses: [] })).to.throw(WeightsProofError, "no weights");
  });

  it("is refused with points that are none", () => {
    const isNone = (point: G1Point): void => {
      expect(() => checkWeights(key, { ...proof, commitment: point })).to.throw(BadPointError, "commitment");
      expect(() => checkWeights(key, { ...proof, constant: point })).to.throw(BadPointError, "constant");
    };
    isNone({ ...proof.commitment, y: proof.commitment.y + 1n });
    isNone({ x: 0n, y: 0n });
  });

  it("is what keeps a publisher from proving one input for another", async () => {
    const wasm = await readFile(join(built.folder, FILES.witness));
    const provingKey = await readFile(join(built.folder, FILES.key));
    const inputs = {
      fields: [1n, 2n, 3n, 4n],
      context: 5n,
      weights: values.slice(0, -1),
      blinding: values.at(-1) ?? 0n,
    };
    const { proof: honest, publicSignals } = await prove(provingKey, await witnessOf(wasm, inputs));
    const [input = "", ...others] = publicSignals.slice(0, 3);
    const wrong = { proof: honest, publicSignals: [(BigInt(input) + 7n).toString(), ...others] };
    expect(await isProof(absorbed(key, proof.constant), wrong)).to.equal(false);
    const rewritten = movedBy(GROUP_ORDER - 7n, pointAt(1));
    expect(await isProof(absorbed(key, rewritten), wrong)).to.equal(true);
    refuses({ constant: rewritten });
    refuses(transcriptFor(rewritten));
  });

  describe("without which a model is refused:", () => {
    let copy: string;
    beforeEach(async () => {
      copy = await copyOf(built.folder);
    });
    afterEach(() => rm(copy, { recursive: true }));

    const refusal = (): Promise<unknown> => errorOf(verifyModel(copy));
    const plantKey = (constant: G1Point): Promise<void> => {
      return writeFile(join(copy, FILES.verificationKey), JSON.stringify(absorbed(key, constant)));
    };

    it("its manifest names none", async () => {
      await editManifest(copy, withoutWeights);
      expect(await refusal()).to.be.instanceOf(NoWeightsProofError);
    });

    it("its file is changed, or not there", async () => {
      const path = join(copy, FILES.weightsProof);
      await writeFile(path, `${await readFile(path, "utf8")} `);
      expect(await refusal())
        .to.be.instanceOf(WrongFileError)
        .with.property("file", FILES.weightsProof);
      await rm(path);
      expect(await refusal())
        .to.be.instanceOf(MissingFileError)
        .with.property("file", FILES.weightsProof);
    });

    it("it is for a point that rewrites the circuit's constants, by the book, and the key has it", async () => {
      const rewritten = transcriptFor(movedBy(1n, pointAt(1)));
      await plantFile(copy, "weightsProof", formatWeightsProof(rewritten));
      await plantKey(rewritten.constant);
      expect(await refusal()).to.be.instanceOf(WeightsProofError);
    });

    it("it is of another shape", async () => {
      await plantFile(copy, "weightsProof", formatWeightsProof({ ...proof, responses: proof.responses.slice(1) }));
      expect(await refusal()).to.be.instanceOf(WeightsProofError);
    });

    it("it holds, but for another constant than the key's", async () => {
      const other = proveWeights(key, values.with(values.length - 1, randomScalar()));
      await plantFile(copy, "weightsProof", formatWeightsProof(other));
      expect(await refusal()).to.be.instanceOf(OtherKeyError);
      await plantKey(other.constant);
      expect((await verifyModel(copy)).id).not.to.equal(built.id);
    });
  });

  it("has a form that is checked", () => {
    const text = formatWeightsProof(proof);
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const malformed: readonly [field: string, text: string][] = [
      ["file", "{"],
      ["file", JSON.stringify({ ...parsed, extra: 1 })],
      ["file", JSON.stringify({ constant: parsed["constant"] })],
      ["constant", JSON.stringify({ ...parsed, constant: ["1"] })],
      ["constant", JSON.stringify({ ...parsed, constant: [1, 2] })],
      ["commitment", JSON.stringify({ ...parsed, commitment: "1,2" })],
      ["responses", JSON.stringify({ ...parsed, responses: {} })],
      ["responses", JSON.stringify({ ...parsed, responses: ["0x1"] })],
      ["responses", JSON.stringify({ ...parsed, responses: ["1".repeat(79)] })],
    ];
    for (const [field, given] of malformed) {
      expect(() => parseWeightsProof(given), given.slice(0, 40))
        .to.throw(MalformedWeightsError)
        .with.property("field", field);
    }
  });
});

function withoutWeights(manifest: Manifest): Manifest {
  return Object.fromEntries(Object.entries(manifest).filter(([key]) => key !== "weights")) as Manifest;
}

const { x, y } = bn254.G1.ProjectivePoint.BASE.toAffine();
const BASE: G1Point = { x, y };

/** The challenge as it is documented: of the tag, the number of points, the whole key, the constant and the commitment. */
function challengeOf(key: VerificationKey, constant: G1Point, commitment: G1Point): bigint {
  const points = [key.vk_alpha_1, ...key.vk_beta_2, ...key.vk_gamma_2, ...key.vk_delta_2, ...key.IC];
  const coordinates = points.flat().map(BigInt);
  const words = [BigInt(key.IC.length), ...coordinates, constant.x, constant.y, commitment.x, commitment.y];
  const tag = stringToHex("assay.weights", { size: 32 });
  return BigInt(keccak256(concatHex([tag, ...words.map((word) => numberToHex(word, { size: 32 }))]))) % GROUP_ORDER;
}
