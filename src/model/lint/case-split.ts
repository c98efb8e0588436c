/**
 * What products with one determined factor say together: if it is zero, their results are zero; if it is not, one open
 * variable that it multiplies is a quotient. What is determined in both cases is determined.
 */
import type { Linear, Variable } from "./linear.ts";
import { zeroKey } from "./linear.ts";
import type { Propagation } from "./propagation.ts";
import type { Product } from "./system.ts";

/** How far the two cases are followed: local facts are what a factor decides. */
const MAX_STEPS = 2_000;
const MAX_TERMS = 600;

/** The variables that are determined in both cases, and a product that says so. */
export function determinedInBothCases(
  known: Propagation,
  factor: string,
  members: readonly number[],
): Map<Variable, number> {
  const products = members.map((index) => known.system.products[index] as Product);
  const isOpen = products.some(({ left, right, out }) => {
    return [left, right, out].some((part) => known.openIn(part).length > 0);
  });
  if (!isOpen) return new Map();
  const ifNot = new Case(known);
  ifNot.follow(() => divide(ifNot, factor, products));
  // A product that is a constant other than zero has no factor zero.
  const isNeverZero = products.some(({ out }) => out.variables.length === 0 && out.constant !== 0n);
  const found = ifNot.learned;
  if (!isNeverZero) {
    const ifZero = new Case(known);
    for (const { out } of products) ifZero.learn(out.variables);
    // Then no other factor that differs from it by a constant is zero.
    const others = known.factorsBeside(factor);
    ifZero.follow(() => others.some(([other, beside]) => divide(ifZero, other, beside)));
    for (const variable of found) if (!ifZero.learned.has(variable)) found.delete(variable);
  }
  return new Map([...found].map((variable) => [variable, members[0] ?? 0]));
}

/** The quotients by a factor that is not zero. */
function divide(known: Case, factor: string, products: readonly Product[]): boolean {
  let isNew = false;
  for (const { left, right, out } of products) {
    const other = zeroKey(left) === factor ? right : left;
    if (known.openIn(out).length > 0) continue;
    const open = known.openIn(other);
    if (open.length !== 1) continue;
    known.learn(open);
    isNew = true;
  }
  return isNew;
}

/** What follows under an assumption. */
class Case {
  readonly learned = new Set<Variable>();
  readonly #known: Propagation;
  readonly #pending: Variable[] = [];
  #steps = 0;

  constructor(known: Propagation) {
    this.#known = known;
  }

  openIn(expression: Linear): Variable[] {
    return this.#known.openIn(expression).filter((variable) => !this.learned.has(variable));
  }

  learn(variables: readonly Variable[]): void {
    for (const variable of variables) {
      if (this.#known.isDetermined(variable) || this.learned.has(variable)) continue;
      this.learned.add(variable);
      this.#pending.push(variable);
    }
  }

  /** @param more What else follows from what is known by then, and whether anything did. */
  follow(more: () => boolean): void {
    do this.#spread();
    while (more());
  }

  #spread(): void {
    const { system, occurrences } = this.#known;
    for (let variable = this.#pending.pop(); variable !== undefined; variable = this.#pending.pop()) {
      for (const index of occurrences.equations[variable] ?? []) {
        if (++this.#steps > MAX_STEPS) return;
        const equation = system.equations[index] as Linear;
        if (equation.variables.length > MAX_TERMS) continue;
        const open = this.openIn(equation);
        if (open.length === 1) this.learn(open);
      }
      for (const index of occurrences.products[variable] ?? []) {
        if (++this.#steps > MAX_STEPS) return;
        const { left, right, out } = system.products[index] as Product;
        if (this.openIn(left).length === 0 && this.openIn(right).length === 0) this.learn(out.variables);
      }
    }
  }
}
