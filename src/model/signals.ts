/** What the circuits of models take, and what they show. */
import type { Program } from "./program/program.ts";
import { packSecrets } from "./program/secrets.ts";
import type { CircuitInputs } from "./witness.ts";

/** Commitment, answer and context; whatever else is public a key has taken in. */
export const PUBLIC_SIGNALS = 3;

/** What a circuit is asked: an input, what hides it, and the context that its proof is bound to. */
export type Asked = { readonly fields: readonly number[]; readonly salt: bigint; readonly context: bigint };

/**
 * Prepares what a program's circuit takes.
 *
 * @param blinding What hides private weights in a key; needed in none of the others.
 */
export function circuitInputsOf(program: Program, blinding: bigint): (asked: Asked) => CircuitInputs {
  const weights = packSecrets(program);
  const secrets = weights.length > 0 ? { weights, blinding } : {};
  const isHidden = program.input.visibility === "hidden";
  return ({ fields, salt, context }) => {
    return { fields: fields.map(BigInt), context, ...(isHidden ? { salt } : {}), ...secrets };
  };
}
