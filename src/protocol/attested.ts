/** What is signed for the enclaves' verifier: answers by enclaves, enrolments and revocations by a quorum of attesters. */
import { concatHex, hashTypedData, type Address, type Hex, type TypedDataDefinition, type TypedDataDomain } from "viem";

import * as Signature from "./signature.ts";

/**
 * One verifier of enclaves' answers on one chain. What is signed for it is worth nothing on another.
 *
 * @example
 * ```ts
 * import type { EnclaveVerifier } from "assay/protocol/attested";
 *
 * const enclaves: EnclaveVerifier = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" };
 * console.log(enclaves.chainId); // 8453
 * ```
 */
export type EnclaveVerifier = { chainId: number; verifier: Address };

/**
 * The EIP-712 domain of a verifier of enclaves' answers.
 *
 * @example
 * ```ts
 * import { domainOf } from "assay/protocol/attested";
 *
 * const domain = domainOf({ chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" });
 * console.log(domain.name, domain.version); // Assay EnclaveVerifier 1
 * ```
 */
export function domainOf({ chainId, verifier }: EnclaveVerifier) {
  return {
    name: "Assay EnclaveVerifier",
    version: "1",
    chainId,
    verifyingContract: verifier,
  } as const satisfies TypedDataDomain;
}

/**
 * What an enclave says of one request: a claim without its context, which nobody knows yet.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import type { Answer } from "assay/protocol/attested";
 *
 * const answer: Answer = { request: zeroHash, model: zeroHash, input: zeroHash, output: zeroHash, charge: 9_000n };
 * console.log(answer.charge); // 9000n
 * ```
 */
export type Answer = { request: Hex; model: Hex; input: Hex; output: Hex; charge: bigint };

const ANSWER = [
  { name: "request", type: "bytes32" },
  { name: "model", type: "bytes32" },
  { name: "input", type: "bytes32" },
  { name: "output", type: "bytes32" },
  { name: "charge", type: "uint96" },
] as const;

/**
 * An answer as EIP-712 typed data.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { typedDataOfAnswer } from "assay/protocol/attested";
 *
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * const answer = { request: zeroHash, model: zeroHash, input: zeroHash, output: zeroHash, charge: 9_000n } as const;
 * console.log(typedDataOfAnswer(answer, enclaves).primaryType); // Answer
 * ```
 */
export function typedDataOfAnswer({ request, model, input, output, charge }: Answer, enclaves: EnclaveVerifier) {
  return {
    domain: domainOf(enclaves),
    types: { Answer: ANSWER },
    primaryType: "Answer",
    message: { request, model, input, output, charge },
  } as const;
}

/**
 * The EIP-712 digest that an enclave signs. A claim's is that of its answer.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { digestOfAnswer } from "assay/protocol/attested";
 *
 * const verifier = "0x0000000000000000000000000000000000000006";
 * const answer = { request: zeroHash, model: zeroHash, input: zeroHash, output: zeroHash, charge: 9_000n } as const;
 * const here = digestOfAnswer(answer, { chainId: 8453, verifier });
 * console.log(here === digestOfAnswer(answer, { chainId: 1, verifier })); // false
 * ```
 */
export function digestOfAnswer(answer: Answer, enclaves: EnclaveVerifier): Hex {
  return hashTypedData(typedDataOfAnswer(answer, enclaves));
}

/**
 * Signs an answer as the enclave that gave it.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { signAnswer } from "assay/protocol/attested";
 *
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * const answer = { request: zeroHash, model: zeroHash, input: zeroHash, output: zeroHash, charge: 9_000n } as const;
 * const { r, vs } = await signAnswer(answer, enclaves, privateKeyToAccount(generatePrivateKey()));
 * console.log(r.length, vs.length); // 66 66
 * ```
 */
export async function signAnswer(
  answer: Answer,
  enclaves: EnclaveVerifier,
  signer: Signature.Signer,
): Promise<Signature.Signature> {
  return Signature.sign(typedDataOfAnswer(answer, enclaves), signer);
}

/**
 * Who signed an answer. Compare it with the key that the enclave's attestation binds.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { recoverAnswer, signAnswer } from "assay/protocol/attested";
 *
 * const key = privateKeyToAccount(generatePrivateKey());
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * const answer = { request: zeroHash, model: zeroHash, input: zeroHash, output: zeroHash, charge: 9_000n } as const;
 * const signature = await signAnswer(answer, enclaves, key);
 * console.log((await recoverAnswer(answer, enclaves, signature)) === key.address); // true
 * ```
 *
 * @throws {@link Signature.MalformedSignatureError} when no key can have made it.
 * @throws {@link Signature.HighSError} when it is a malleated one.
 */
export async function recoverAnswer(
  answer: Answer,
  enclaves: EnclaveVerifier,
  signature: Signature.Signature,
): Promise<Address> {
  return Signature.recover(typedDataOfAnswer(answer, enclaves), signature);
}

/**
 * The proof of several claims: the enclaves' signatures of their answers, in the same order.
 *
 * @example
 * ```ts
 * import { encodeAttestedProof } from "assay/protocol/attested";
 *
 * const signature = { r: `0x${"11".repeat(32)}`, vs: `0x${"22".repeat(32)}` } as const;
 * console.log(encodeAttestedProof([signature, signature]).length); // 258
 * ```
 */
export function encodeAttestedProof(signatures: readonly Signature.Signature[]): Hex {
  return concatHex(signatures.map(Signature.toCompactHex));
}

/**
 * The numbers that platforms have in enrolments.
 *
 * @example
 * ```ts
 * import { PLATFORM_NUMBERS } from "assay/protocol/attested";
 *
 * console.log(PLATFORM_NUMBERS.nitro); // 1
 * ```
 */
export const PLATFORM_NUMBERS = { nitro: 1, tdx: 2, sgx: 3 } as const;

/**
 * What attesters sign of an enclave's key, once they have checked its attestation.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { PLATFORM_NUMBERS, type Enrolment } from "assay/protocol/attested";
 *
 * const enrolment: Enrolment = {
 *   key: "0x0000000000000000000000000000000000000007",
 *   measurement: zeroHash,
 *   platform: PLATFORM_NUMBERS.nitro,
 *   attestation: zeroHash,
 *   expiry: 1_800_000_000,
 * };
 * console.log(enrolment.platform); // 1
 * ```
 */
export type Enrolment = {
  /** The address of the key that the enclave made inside itself. */
  key: Address;
  measurement: Hex;
  /** One of `PLATFORM_NUMBERS`. */
  platform: number;
  /** SHA-256 of the document that was checked. */
  attestation: Hex;
  /** The last second of Unix time at which the key's answers count. */
  expiry: number;
};

const ENROLMENT = [
  { name: "key", type: "address" },
  { name: "measurement", type: "bytes32" },
  { name: "platform", type: "uint8" },
  { name: "attestation", type: "bytes32" },
  { name: "expiry", type: "uint40" },
] as const;

/**
 * An enrolment as EIP-712 typed data: what each attester signs.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { typedDataOfEnrolment } from "assay/protocol/attested";
 *
 * const key = "0x0000000000000000000000000000000000000007";
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * const enrolment = { key, measurement: zeroHash, platform: 1, attestation: zeroHash, expiry: 1_800_000_000 } as const;
 * console.log(typedDataOfEnrolment(enrolment, enclaves).primaryType); // Enrolment
 * ```
 */
export function typedDataOfEnrolment(enrolment: Enrolment, enclaves: EnclaveVerifier) {
  return {
    domain: domainOf(enclaves),
    types: { Enrolment: ENROLMENT },
    primaryType: "Enrolment",
    message: enrolment,
  } as const;
}

/**
 * The revocation of a key as EIP-712 typed data: what each attester signs.
 *
 * @example
 * ```ts
 * import { typedDataOfKeyRevocation } from "assay/protocol/attested";
 *
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * const revocation = typedDataOfKeyRevocation("0x0000000000000000000000000000000000000007", enclaves);
 * console.log(revocation.primaryType); // KeyRevocation
 * ```
 */
export function typedDataOfKeyRevocation(key: Address, enclaves: EnclaveVerifier) {
  return {
    domain: domainOf(enclaves),
    types: { KeyRevocation: [{ name: "key", type: "address" }] },
    primaryType: "KeyRevocation",
    message: { key },
  } as const;
}

/**
 * The revocation of a measurement, and of all its keys, as EIP-712 typed data: what each attester signs.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { typedDataOfMeasurementRevocation } from "assay/protocol/attested";
 *
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * console.log(typedDataOfMeasurementRevocation(zeroHash, enclaves).primaryType); // MeasurementRevocation
 * ```
 */
export function typedDataOfMeasurementRevocation(measurement: Hex, enclaves: EnclaveVerifier) {
  return {
    domain: domainOf(enclaves),
    types: { MeasurementRevocation: [{ name: "measurement", type: "bytes32" }] },
    primaryType: "MeasurementRevocation",
    message: { measurement },
  } as const;
}

/**
 * Attesters' signatures of one thing in the order that the verifier takes them in: ascending by signer.
 *
 * @example
 * ```ts
 * import { privateKeyToAccount } from "viem/accounts";
 * import { inSignerOrder, typedDataOfKeyRevocation } from "assay/protocol/attested";
 * import { sign } from "assay/protocol/signature";
 *
 * const enclaves = { chainId: 8453, verifier: "0x0000000000000000000000000000000000000006" } as const;
 * const revocation = typedDataOfKeyRevocation("0x0000000000000000000000000000000000000007", enclaves);
 * const [one, two] = [privateKeyToAccount(`0x${"01".repeat(32)}`), privateKeyToAccount(`0x${"02".repeat(32)}`)];
 * const signatures = await Promise.all([one, two].map(async (attester) => sign(revocation, attester)));
 * const ordered = await inSignerOrder(revocation, signatures);
 * console.log(one.address < two.address, ordered[0] === signatures[0]); // true true
 * ```
 */
export async function inSignerOrder(
  typedData: TypedDataDefinition,
  signatures: readonly Signature.Signature[],
): Promise<Signature.Signature[]> {
  const signed = await Promise.all(
    signatures.map(async (signature) => ({
      signature,
      signer: BigInt(await Signature.recover(typedData, signature)),
    })),
  );
  return signed.sort((one, other) => (one.signer < other.signer ? -1 : 1)).map(({ signature }) => signature);
}
