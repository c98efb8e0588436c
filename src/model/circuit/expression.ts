/** Linear expressions over a circuit's wires: what costs a circuit nothing. */

/** A wire, by its number. */
export type Wire = number;

/** `constant + Σ coefficient * wire`; no coefficient is zero, and the order is that in which wires came in. */
export type Expression = { readonly constant: bigint; readonly terms: ReadonlyMap<Wire, bigint> };

export const ZERO: Expression = { constant: 0n, terms: new Map() };

export function constantOf(value: bigint): Expression {
  return { constant: value, terms: new Map() };
}

export function wireOf(wire: Wire): Expression {
  return { constant: 0n, terms: new Map([[wire, 1n]]) };
}

/** `constant + Σ factor * expression`. */
export function combine(constant: bigint, parts: Iterable<readonly [factor: bigint, Expression]>): Expression {
  let total = constant;
  const terms = new Map<Wire, bigint>();
  for (const [factor, part] of parts) {
    if (factor === 0n) continue;
    total += factor * part.constant;
    for (const [wire, coefficient] of part.terms) {
      const sum = (terms.get(wire) ?? 0n) + factor * coefficient;
      if (sum === 0n) terms.delete(wire);
      else terms.set(wire, sum);
    }
  }
  return { constant: total, terms };
}

export function plus(expression: Expression, constant: bigint): Expression {
  return { constant: expression.constant + constant, terms: expression.terms };
}

export function minus(left: Expression, right: Expression): Expression {
  return combine(0n, [
    [1n, left],
    [-1n, right],
  ]);
}

export function isConstant({ terms }: Expression): boolean {
  return terms.size === 0;
}

/** The wire that an expression is, if it is nothing else. */
export function soleWire({ constant, terms }: Expression): Wire | undefined {
  const [first] = terms;
  return constant === 0n && terms.size === 1 && first?.[1] === 1n ? first[0] : undefined;
}
