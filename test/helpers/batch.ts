/** Real proofs by snarkjs, and a chain with verifiers that check them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { concatHex, encodeAbiParameters, hexToBigInt, keccak256, numberToHex, stringToHex, zeroHash } from "viem";
import type { Address, Hex } from "viem";

import { fourModels } from "../../scripts/bench/world.ts";
import { startChain } from "../../scripts/local/chain.ts";
import type { SampleModel } from "../../scripts/local/models.ts";
import { GROUP_ORDER } from "../../src/protocol/bn254.ts";
import type { Claim } from "../../src/protocol/claim.ts";

/** A claim with its own proof. */
export type Proven = { readonly claim: Claim; readonly proof: Hex };

/** A folder that keeps proofs from one run to the next, for whoever runs these tests hundreds of times. */
const KEPT_PROOFS = process.env["ASSAY_KEPT_PROOFS"];

/** Proves `count` claims, of the models in turn. */
export async function proveClaims(models: readonly SampleModel[], count: number): Promise<Proven[]> {
  if (KEPT_PROOFS === undefined) return proveAfresh(models, count);
  const file = join(KEPT_PROOFS, `${keccak256(concatHex(models.map(({ id }) => id)))}-${count}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"), readBigInt) as Proven[];
  const proven = await proveAfresh(models, count);
  mkdirSync(KEPT_PROOFS, { recursive: true });
  writeFileSync(
    file,
    JSON.stringify(proven, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)),
  );
  return proven;
}

function readBigInt(_: string, value: unknown): unknown {
  return typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}

async function proveAfresh(models: readonly SampleModel[], count: number): Promise<Proven[]> {
  const proven: Proven[] = [];
  for (let index = 0; index < count; index++) {
    const model = models[index % models.length] as SampleModel;
    const applicant = { fields: [BigInt(index), 17n, 200n, 255n], salt: 3n ** BigInt(100 + index) };
    const context = numberToHex(hexToBigInt(keccak256(numberToHex(index))) >> 3n, { size: 32 });
    const { input, output } = await model.answer(applicant);
    const claim = { request: zeroHash, model: model.id, input, output, charge: 1n, context };
    proven.push({ claim, proof: await model.prove(applicant, context) });
  }
  return proven;
}

/** Starts a chain with the models published at the verifier that is deployed, and at two that tests look into. */
export async function startVerifiers() {
  const models = await fourModels();
  const [{ key }] = models as [SampleModel, ...SampleModel[]];
  const chain = await startChain(key);
  const phase1 = [key.alpha, key.beta, key.gamma] as const;
  const { viem } = chain.connection;
  const harness = await viem.deployContract("BatchHarness", phase1);
  const weak = await viem.deployContract("WeakBatchVerifier", phase1);
  for (const {
    key: { delta, ic },
    manifestHash,
  } of models) {
    const args = [delta, ic, manifestHash, ""] as const;
    await chain.verifier.write.publish(args);
    await harness.write.publish(args);
    await weak.write.publish(args);
  }
  return { ...chain, models, harness, weak };
}

/** The arguments of `verify` for these claims and their proofs. */
export function batchOf(proven: readonly Proven[]): [Claim[], Hex] {
  return [proven.map(({ claim }) => claim), concatHex(proven.map(({ proof }) => proof))];
}

const CLAIMS = [
  {
    type: "tuple[]",
    components: [
      { name: "request", type: "bytes32" },
      { name: "model", type: "bytes32" },
      { name: "input", type: "bytes32" },
      { name: "output", type: "bytes32" },
      { name: "charge", type: "uint96" },
      { name: "context", type: "bytes32" },
    ],
  },
] as const;

/** What the verifier at an address will draw as its challenge for a batch. */
export function challengeOf(chainId: number, verifier: Address, [claims, proof]: [Claim[], Hex]): bigint {
  const tag = stringToHex("Assay Groth16Verifier batch v1", { size: 32 });
  // Without the first word, which only says where the list begins: the number of claims, and the claims.
  const list = `0x${encodeAbiParameters(CLAIMS, [claims]).slice(2 + 64)}` as const;
  const head = [tag, numberToHex(chainId, { size: 32 }), numberToHex(BigInt(verifier), { size: 32 })];
  return hexToBigInt(keccak256(concatHex([...head, list, proof]))) % GROUP_ORDER;
}

/** A claim with `amount` added to one of its public inputs, in the field. */
export function shift(claim: Claim, signal: "input" | "output" | "context", amount: bigint): Claim {
  const sum = (hexToBigInt(claim[signal]) + amount) % GROUP_ORDER;
  return { ...claim, [signal]: numberToHex((sum + GROUP_ORDER) % GROUP_ORDER, { size: 32 }) };
}

/** One word of a proof replaced: 0 and 1 are A, 2 to 5 are B, 6 and 7 are C. */
export function withWord(proof: Hex, index: number, word: bigint): Hex {
  const at = 2 + index * 64;
  return `0x${proof.slice(2, at)}${word.toString(16).padStart(64, "0")}${proof.slice(at + 64)}`;
}

export function wordOf(proof: Hex, index: number): bigint {
  return BigInt(`0x${proof.slice(2 + index * 64, 2 + (index + 1) * 64)}`);
}
