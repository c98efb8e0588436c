/** Finds power maps x^5 and x^7: what Poseidon and MiMC consist of. */
import { zeroKey, type Linear, type Variable } from "./linear.ts";
import type { System } from "./system.ts";

/** A power of an expression, as the hash functions use it: odd, and so one-to-one. */
export type SBox = { readonly input: Linear; readonly out: Variable };

type Power = { readonly key: string; readonly input: Linear; readonly degree: number };

/** The S-boxes of a circuit, by the variable that comes out. */
export function findSBoxes({ products }: System): Map<Variable, SBox> {
  const powers = new Map<Variable, Power>();
  const found = new Map<Variable, SBox>();
  for (const { left, right, out } of products) {
    const [result] = out.variables;
    const one = powerOf(left, powers);
    if (result === undefined || one === undefined) continue;
    const other = powerOf(right, powers);
    const product = other === undefined ? undefined : multiply(one, other);
    if (product === undefined) continue;
    powers.set(result, product);
    if (product.degree === 5 || product.degree === 7) found.set(result, { input: product.input, out: result });
  }
  return found;
}

/** What a factor is a power of: a wire that is one, or else the expression's first. */
function powerOf(factor: Linear, powers: ReadonlyMap<Variable, Power>): Power | undefined {
  const [only] = factor.variables;
  const known = factor.variables.length === 1 && factor.constant === 0n ? powers.get(only ?? 0) : undefined;
  // What is an S-box's result is the start of another one.
  if (known !== undefined && known.degree % 2 === 0) return known;
  return { key: zeroKey(factor), input: factor, degree: 1 };
}

function multiply(one: Power, other: Power): Power | undefined {
  return one.key === other.key ? { ...one, degree: one.degree + other.degree } : undefined;
}
