import type { Program } from "../../src/model/program/program.ts";
import { packSecrets } from "../../src/model/program/secrets.ts";
import type { CircuitInputs } from "../../src/model/witness.ts";

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
