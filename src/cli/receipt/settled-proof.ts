/** The proof that paid for an answer, out of the transaction that settled it, checked once more here. */
import {
  BaseError,
  decodeFunctionData,
  isAddressEqual,
  size,
  sliceHex,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";

import { isUnreachable } from "../../chain/rpc.ts";
import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { groth16VerifierAbi } from "../../protocol/abi/groth16-verifier.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import type { Fill } from "../../protocol/fill.ts";
import { modelOf, type VerificationKey } from "../../protocol/model.ts";
import { idOf } from "../../protocol/request.ts";
import { UncheckedError } from "../checks.ts";
import { SIGNATURE_BYTES } from "./attested-proof.ts";
import { PROOF_BYTES } from "./snarkjs-form.ts";

export type Paid = { readonly id: Hex; readonly output: Hex; readonly charge: bigint; readonly prover: Address };

export type ProofReader = (transaction: Hex, paid: Paid) => Promise<Hex>;

const KNOWN_SIZES = [PROOF_BYTES, SIGNATURE_BYTES] as const;

type Settlement = readonly [fills: readonly Fill[], proof: Hex];

/**
 * Reads what proved an answer: 256 bytes of Groth16, or 64 of an enclave's signature. Answers are settled many at once, so the
 * last transaction is kept.
 */
export function proofReader(client: PublicClient, { chainId, escrow }: Deployment): ProofReader {
  let last: { readonly hash: Hex; readonly settlement: Promise<Settlement> } | undefined;
  const read = async (hash: Hex): Promise<Settlement> => {
    const { to, input } = await client.getTransaction({ hash }).catch((cause: unknown) => {
      throw new UncheckedError(`The chain's node does not show the transaction ${hash}. Ask another node.`, { cause });
    });
    return to !== null && isAddressEqual(to, escrow) ? settlementIn(input) : [[], "0x"];
  };
  return async (hash, { id, output, charge, prover }) => {
    if (last?.hash !== hash) last = { hash, settlement: read(hash) };
    const [fills, proof] = await last.settlement;
    const at = fills.findIndex((fill) => {
      const isSame = fill.output === output && fill.charge === charge && isAddressEqual(fill.prover, prover);
      return isSame && idOf(fill.request, { chainId, escrow }) === id;
    });
    if (at === -1) {
      throw new UncheckedError(
        "It was settled through another contract, whose call has the proof somewhere. The escrow has verified it.",
      );
    }
    const each = KNOWN_SIZES.find((bytes) => size(proof) === bytes * fills.length);
    if (each === undefined) {
      throw new UncheckedError(
        `Its verifier is none of Groth16 proofs or of enclaves: ${size(proof)} bytes for ${fills.length} answers.`,
      );
    }
    return sliceHex(proof, each * at, each * (at + 1));
  };
}

function settlementIn(input: Hex): Settlement {
  try {
    const { functionName, args } = decodeFunctionData({ abi: escrowAbi, data: input });
    return functionName === "settle" ? args : [[], "0x"];
  } catch {
    return [[], "0x"];
  }
}

/**
 * The key of a model, as its verifier has it. With the hash of its manifest it makes up the model's id, so that no node
 * can give another key.
 *
 * @param manifestHash Where it is not known, the verifier is believed.
 */
export async function keyOnChain(
  client: PublicClient,
  verifier: Address,
  model: Hex,
  manifestHash: Hex | undefined,
): Promise<VerificationKey> {
  const contract = { address: verifier, abi: groth16VerifierAbi } as const;
  const [[alpha, beta, gamma], [delta, ic]] = await Promise.all([
    client.readContract({ ...contract, functionName: "phase1" }),
    client.readContract({ ...contract, functionName: "keyOf", args: [model] }),
  ]).catch((cause: unknown) => {
    if (cause instanceof BaseError && isUnreachable(cause)) throw cause;
    throw new UncheckedError(`${verifier} is no verifier of Groth16 proofs that has the model ${model}.`, { cause });
  });
  const [c0, c1, c2, c3] = ic;
  const key: VerificationKey = { alpha, beta, gamma, delta, ic: [c0, c1, c2, c3] };
  if (manifestHash !== undefined && modelOf(key, manifestHash) !== model) throw new OtherModelKeyError(model, verifier);
  return key;
}

/** A key and a manifest do not make up the model that they are said to be of. */
export class OtherModelKeyError extends Error {
  override readonly name = "OtherModelKeyError";

  constructor(model: Hex, verifier: Address) {
    super(
      `The key at ${verifier} and the manifest are not those of the model ${model}. One of them was changed: do not rely ` +
        "on what the answer is said to mean.",
    );
  }
}
