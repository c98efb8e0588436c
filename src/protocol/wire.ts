/**
 * Requests, receipts and what belongs to them as JSON: amounts in decimal digits, since JSON's numbers lose some of them.
 * Every object is closed: a field that is not known is refused, so that nothing is signed or paid that nobody reads.
 */
import { getAddress, isAddress, type Address, type Hex } from "viem";
import { z } from "zod";

import type { Receipt } from "./receipt.ts";
import type { Request } from "./request.ts";
import { fromHex, NO_SIGNATURE, toCompactHex, type Signature } from "./signature.ts";

/** Of decimal digits, without leading zeros: one text for each number. */
function amountOf(bits: number) {
  const limit = 2n ** BigInt(bits);
  return z
    .string()
    .regex(/^(0|[1-9]\d{0,77})$/, "must be decimal digits")
    .transform(BigInt)
    .refine((value) => value < limit, `must be below 2^${bits}`);
}

/**
 * An address in hexadecimal digits; where it has capitals, they must be its checksum.
 *
 * @example
 * ```ts
 * import { addressSchema } from "assay/protocol/wire";
 *
 * console.log(addressSchema.safeParse("0x12").success); // false
 * ```
 */
export const addressSchema = z
  .string()
  .refine((text): text is Address => isAddress(text), "must be an address")
  .transform((text): Address => getAddress(text));

/**
 * 32 bytes in hexadecimal digits.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { wordSchema } from "assay/protocol/wire";
 *
 * console.log(wordSchema.parse(zeroHash) === zeroHash); // true
 * ```
 */
export const wordSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "must be 32 bytes of hex")
  .transform((text) => text.toLowerCase() as Hex);

/**
 * An amount of token units, below 2^96.
 *
 * @example
 * ```ts
 * import { tokenAmountSchema } from "assay/protocol/wire";
 *
 * console.log(tokenAmountSchema.parse("10000")); // 10000n
 * ```
 */
export const tokenAmountSchema = amountOf(96);

/**
 * A number below 2^256: a nonce, or a time of an authorization.
 *
 * @example
 * ```ts
 * import { uint256Schema } from "assay/protocol/wire";
 *
 * console.log(uint256Schema.parse("7")); // 7n
 * ```
 */
export const uint256Schema = amountOf(256);

/**
 * A signature of 64 bytes (r, vs).
 *
 * @example
 * ```ts
 * import { signatureSchema } from "assay/protocol/wire";
 *
 * console.log(signatureSchema.safeParse("0x").success); // false
 * ```
 */
export const signatureSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{128}$/, "must be 64 bytes of hex, r and vs")
  .transform((text, context): Signature => {
    try {
      return fromHex(text.toLowerCase() as Hex);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
      return z.NEVER;
    }
  });

/**
 * A request in JSON.
 *
 * @example
 * ```ts
 * import { requestSchema } from "assay/protocol/wire";
 *
 * console.log(requestSchema.safeParse({ price: "1" }).success); // false
 * ```
 */
export const requestSchema = z.strictObject({
  payer: addressSchema,
  provider: addressSchema,
  verifier: addressSchema,
  consumer: addressSchema,
  model: wordSchema,
  input: wordSchema,
  price: tokenAmountSchema,
  proverFee: tokenAmountSchema,
  penalty: tokenAmountSchema,
  deadline: z
    .int()
    .nonnegative()
    .max(2 ** 40 - 1),
  locked: z.boolean(),
  nonce: uint256Schema,
}) satisfies z.ZodType<Request>;

/**
 * A receipt in JSON.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { receiptSchema } from "assay/protocol/wire";
 *
 * console.log(receiptSchema.parse({ request: zeroHash, output: zeroHash, charge: "9000" }).charge); // 9000n
 * ```
 */
export const receiptSchema = z.strictObject({
  request: wordSchema,
  output: wordSchema,
  charge: tokenAmountSchema,
}) satisfies z.ZodType<Receipt>;

/**
 * What a request or a receipt is in JSON, before it is read.
 *
 * @example
 * ```ts
 * import type { WireRequest } from "assay/protocol/wire";
 *
 * const price: WireRequest["price"] = "10000";
 * console.log(price); // 10000
 * ```
 */
export type WireRequest = z.input<typeof requestSchema>;

/**
 * A receipt in JSON, before it is read.
 *
 * @example
 * ```ts
 * import type { WireReceipt } from "assay/protocol/wire";
 *
 * const charge: WireReceipt["charge"] = "9000";
 * console.log(charge); // 9000
 * ```
 */
export type WireReceipt = z.input<typeof receiptSchema>;

/**
 * Writes a request for JSON.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import { requestToWire } from "assay/protocol/wire";
 *
 * const wire = requestToWire({
 *   payer: zeroAddress, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *   model: zeroHash, input: zeroHash, price: 10_000n, proverFee: 0n, penalty: 0n,
 *   deadline: 1_800_000_000, locked: true, nonce: 0n,
 * });
 * console.log(wire.price); // 10000
 * ```
 */
export function requestToWire(request: Request): WireRequest {
  return {
    ...request,
    price: request.price.toString(),
    proverFee: request.proverFee.toString(),
    penalty: request.penalty.toString(),
    nonce: request.nonce.toString(),
  };
}

/**
 * Writes a receipt for JSON.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { receiptToWire } from "assay/protocol/wire";
 *
 * console.log(receiptToWire({ request: zeroHash, output: zeroHash, charge: 9_000n }).charge); // 9000
 * ```
 */
export function receiptToWire(receipt: Receipt): WireReceipt {
  return { ...receipt, charge: receipt.charge.toString() };
}

/**
 * A request with the answer that both sides signed for.
 *
 * @example
 * ```ts
 * import type { SignedAnswer } from "assay/protocol/wire";
 *
 * const chargeOf = (answer: SignedAnswer): bigint => answer.charge;
 * console.log(chargeOf.length); // 1
 * ```
 */
export type SignedAnswer = {
  readonly id: Hex;
  readonly request: Request;
  /** The payer's; all zero for a locked request. */
  readonly signature: Signature;
  readonly output: Hex;
  readonly charge: bigint;
  /** The provider's signature of the receipt. */
  readonly receipt: Signature;
};

/**
 * A signed answer in JSON, by its fields: schemas of more than that take them up.
 *
 * @example
 * ```ts
 * import { signedAnswerFields } from "assay/protocol/wire";
 *
 * console.log(Object.keys(signedAnswerFields).length); // 6
 * ```
 */
export const signedAnswerFields = {
  id: wordSchema,
  request: requestSchema,
  signature: signatureSchema.nullable().transform((signature) => signature ?? NO_SIGNATURE),
  output: wordSchema,
  charge: tokenAmountSchema,
  receipt: signatureSchema,
};

/**
 * Writes a signed answer for JSON.
 *
 * @example
 * ```ts
 * import { signedAnswerToWire } from "assay/protocol/wire";
 *
 * console.log(typeof signedAnswerToWire); // function
 * ```
 */
export function signedAnswerToWire({ id, request, signature, output, charge, receipt }: SignedAnswer) {
  return {
    id,
    request: requestToWire(request),
    signature: request.locked ? null : toCompactHex(signature),
    output,
    charge: charge.toString(),
    receipt: toCompactHex(receipt),
  };
}

/**
 * A signed answer with all that it takes to prove it. The input is in it: whoever gets a job learns what was asked.
 *
 * @example
 * ```ts
 * import { jobSchema, type Job } from "assay/protocol/wire";
 *
 * const chargeOf = (job: Job): bigint => job.charge;
 * console.log(chargeOf.length, jobSchema.safeParse({}).success); // 1 false
 * ```
 */
export type Job = SignedAnswer & {
  /** The input as the model's circuit takes it. */
  readonly fields: readonly number[];
  readonly salt: bigint;
  /** Of an answer that came with its proof: an enclave's signature. */
  readonly proof?: Hex;
};

/**
 * A job in JSON.
 *
 * @example
 * ```ts
 * import { jobSchema } from "assay/protocol/wire";
 *
 * console.log(jobSchema.safeParse({ id: "0x" }).success); // false
 * ```
 */
export const jobSchema = z.strictObject({
  ...signedAnswerFields,
  fields: z.array(z.int().nonnegative()),
  salt: uint256Schema,
}) satisfies z.ZodType<Job>;

/**
 * Writes a job for JSON.
 *
 * @example
 * ```ts
 * import { jobToWire } from "assay/protocol/wire";
 *
 * console.log(typeof jobToWire); // function
 * ```
 */
export function jobToWire(job: Job): z.input<typeof jobSchema> {
  return { ...signedAnswerToWire(job), fields: [...job.fields], salt: job.salt.toString() };
}
