/** A built model at work: it answers at once, and proves its answers. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { numberToHex, type Hex } from "viem";

import { commitInput, commitOutput, revealInput } from "../../protocol/commitment.ts";
import { modelOf } from "../../protocol/model.ts";
import { pack } from "../../protocol/packing.ts";
import { keyFromSnarkjs, proofFromSnarkjs } from "../../protocol/snarkjs.ts";
import { isDevelopmentSetup } from "../development-setup.ts";
import { isProof, prove, type ProvenSignals, type VerificationKey } from "../groth16.ts";
import { randomScalar } from "../field.ts";
import { manifestHashOf, parseManifest, type Manifest } from "../manifest/manifest.ts";
import { meaningOf, type Meaning } from "../manifest/meaning.ts";
import { executorOf, outputOf, type Executor } from "../program/execute.ts";
import { readProgram } from "../program/program-file.ts";
import { withSecrets } from "../program/secrets.ts";
import { circuitInputsOf, PUBLIC_SIGNALS } from "../signals.ts";
import { witnessOf } from "../witness.ts";
import { FILES, parseKey, WrongFileError } from "./files.ts";
import { encodeInput } from "./input.ts";
import { bundleFiles, type BundleFiles } from "./reader.ts";
import { parseWeights, type PrivateWeights } from "./weights-file.ts";

/** An answer, with all that its proof will need. */
export type Answer = {
  /** The integers that the fields are. */
  readonly fields: readonly number[];
  /** What hides the input in its commitment; zero where nothing is hidden. Who knows it can guess the input. */
  readonly salt: bigint;
  readonly input: Hex;
  readonly output: Hex;
  readonly value: Meaning;
};

export type Proof = { readonly proof: Hex; readonly input: Hex; readonly output: Hex; readonly context: Hex };

export type OpenModel = {
  readonly id: Hex;
  readonly manifest: Manifest;
  readonly key: VerificationKey;
  readonly isDevelopment: boolean;
  /** @param salt Drawn anew where none is given. */
  readonly answer: (input: unknown, salt?: bigint) => Answer;
  /** The same, of fields that are integers already. */
  readonly answerSteps: (fields: readonly number[], salt: bigint) => Answer;
  /** The input's commitment alone, and the output alone: what a gateway checks first, and computes later. */
  readonly commit: (fields: readonly number[], salt: bigint) => Hex;
  readonly run: (fields: readonly number[], salt: bigint) => Pick<Answer, "output" | "value">;
  /** Proves an answer in one context, and checks the proof. */
  readonly prove: (answer: Omit<Answer, "value">, context: bigint) => Promise<Proof>;
};

export type ProvingKey = { readonly path: string; readonly bytes: () => Promise<Uint8Array> };

/** Makes a proof of a witness. It is not trusted to: what it makes is checked. */
export type MakeProof = (key: ProvingKey, witness: Uint8Array) => Promise<ProvenSignals>;

/** Opens a built model. What its files are is checked against the manifest; whether that is sound, `verifyModel` tells. */
export async function openModel(folder: string, make: MakeProof = bySnarkjs): Promise<OpenModel> {
  const files = bundleFiles(folder);
  const manifest = parseManifest(await files.text("manifest"));
  await files.expectHash("program", manifest.program);
  const key = parseKey(await files.text("verificationKey"));
  const shape = readProgram(await files.text("program"));
  const weights = await privateWeights(folder, files);
  if (weights !== undefined && weights.proof !== manifest.weights) {
    throw new WrongFileError(FILES.weights, weights.proof, manifest.weights ?? "of none");
  }
  const program = weights === undefined ? shape : withSecrets(shape, weights.secrets);
  let execute: Executor | undefined;
  const { widths, visibility } = program.input;
  const isHidden = visibility === "hidden";

  const commit = (fields: readonly number[], salt: bigint): Hex => {
    const values = fields.map(BigInt);
    return word(isHidden ? commitInput(widths, values, salt) : revealInput(widths, values));
  };
  const run = (fields: readonly number[], salt: bigint): Pick<Answer, "output" | "value"> => {
    // Not before it is needed: a model whose weights are private can be opened without them, but does not answer.
    execute ??= executorOf(program);
    const numbers = outputOf(program, execute(fields));
    const packed = pack(program.output.fields, numbers);
    return {
      output: word(program.output.visibility === "hidden" ? commitOutput(packed, salt) : packed),
      value: meaningOf(manifest, numbers),
    };
  };
  const answerSteps = (fields: readonly number[], salt: bigint): Answer => {
    return { fields, salt, input: commit(fields, salt), ...run(fields, salt) };
  };

  const provingKey: ProvingKey = { path: join(folder, FILES.key), bytes: () => files.bytes("key") };
  let inputsOf: ReturnType<typeof circuitInputsOf> | undefined;
  return {
    id: modelOf(keyFromSnarkjs(key), manifestHashOf(manifest)),
    manifest,
    key,
    isDevelopment: isDevelopmentSetup(manifest.phase1),
    answer: (given, salt = isHidden ? randomScalar() : 0n) => {
      return answerSteps(encodeInput(manifest.input.fields, given), salt);
    },
    answerSteps,
    commit,
    run,
    async prove({ fields, salt, input: claimed, output: answered }, context) {
      const wasm = await files.bytes("witness");
      inputsOf ??= circuitInputsOf(program, weights?.blinding ?? 0n);
      const inputs = inputsOf({ fields, salt, context });
      const { proof, publicSignals } = await make(provingKey, await witnessOf(wasm, inputs));
      const signals = publicSignals.slice(0, PUBLIC_SIGNALS);
      // Of this very answer, whatever the files say that they are.
      const asked = [claimed, answered, word(context)] as const;
      const isAnswered = isDeepStrictEqual(
        signals.map((signal) => word(BigInt(signal))),
        asked,
      );
      if (!isAnswered || !(await isProof(key, { proof, publicSignals: signals }))) throw new ProofRefusedError();
      return { proof: proofFromSnarkjs(proof), input: claimed, output: answered, context: asked[2] };
    },
  };
}

async function bySnarkjs({ bytes }: ProvingKey, witness: Uint8Array): Promise<ProvenSignals> {
  return prove(await bytes(), witness);
}

async function privateWeights(folder: string, files: BundleFiles): Promise<PrivateWeights | undefined> {
  const isThere = await access(join(folder, FILES.weights)).then(
    () => true,
    () => false,
  );
  return isThere ? parseWeights(await files.text("weights")) : undefined;
}

function word(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
}

/** A proof that was just made does not hold, or is of another answer: the files do not belong together. */
export class ProofRefusedError extends Error {
  override readonly name = "ProofRefusedError";

  constructor() {
    super(
      "The proof that was made is none of this answer. The model's files do not belong together: verify the model.",
    );
  }
}
