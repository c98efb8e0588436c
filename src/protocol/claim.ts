import { hexToBigInt, type Hex } from "viem";

import { GROUP_ORDER } from "./bn254.ts";

/**
 * What a verifier checks: this model on this input gives this output, in this context.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import type { Claim } from "assay/protocol/claim";
 *
 * const claim: Claim = {
 *   request: zeroHash, model: zeroHash, input: zeroHash, output: zeroHash, charge: 9_000n, context: zeroHash,
 * };
 * console.log(claim.charge); // 9000n
 * ```
 */
export type Claim = { request: Hex; model: Hex; input: Hex; output: Hex; charge: bigint; context: Hex };

/**
 * A proof's public inputs, in the order that every circuit and the Groth16 verifier know: input, output, context.
 *
 * @example
 * ```ts
 * import { numberToHex } from "viem";
 * import { publicInputsOf } from "assay/protocol/claim";
 *
 * const [input, output, context] = publicInputsOf({
 *   input: numberToHex(1n, { size: 32 }),
 *   output: numberToHex(2n, { size: 32 }),
 *   context: numberToHex(3n, { size: 32 }),
 * });
 * console.log(input, output, context); // 1n 2n 3n
 * ```
 *
 * @throws {@link NotInFieldError} when one is not below the order of the proof's field.
 */
export function publicInputsOf(claim: Pick<Claim, "input" | "output" | "context">): [bigint, bigint, bigint] {
  return [inField("input", claim.input), inField("output", claim.output), inField("context", claim.context)];
}

function inField(signal: string, hex: Hex): bigint {
  const value = hexToBigInt(hex);
  if (value >= GROUP_ORDER) throw new NotInFieldError(signal, value);
  return value;
}

/**
 * Thrown when a public input is not below the field's order: a value and the same plus the order would prove alike.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { NotInFieldError, publicInputsOf } from "assay/protocol/claim";
 *
 * try {
 *   publicInputsOf({ input: zeroHash, output: `0x${"ff".repeat(32)}`, context: zeroHash });
 * } catch (error) {
 *   console.log(error instanceof NotInFieldError && error.signal); // output
 * }
 * ```
 */
export class NotInFieldError extends Error {
  override readonly name = "NotInFieldError";
  readonly signal: string;
  readonly value: bigint;

  constructor(signal: string, value: bigint) {
    super(`The ${signal} must be below the order of BN254's groups, got ${value}. Commitments and packed outputs are.`);
    this.signal = signal;
    this.value = value;
  }
}
