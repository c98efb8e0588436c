/**
 * Follows determinism from some variables to all others: a variable is determined if any two witnesses that agree on
 * the former agree on it. The simple rules run first; the dear ones look only at what these left open.
 */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { boundsOf, occurrencesOf, rangeOf, type Bounds, type Occurrences } from "./bounds.ts";
import { isBelowField } from "./canonical.ts";
import { determinedInBothCases } from "./case-split.ts";
import { choicesOf } from "./choice.ts";
import { zeroKey, type Linear, type Variable } from "./linear.ts";
import type { Product, System } from "./system.ts";
import { determinedBySum, type Term } from "./unique-sum.ts";

/** Why a variable is determined. */
export type Rule = "given" | "equation" | "product" | "bits" | "choice" | "root" | "cases";

/** What made a variable determined: the equation or product, by number, that names what it depends on. */
export type Cause = { readonly rule: Rule; readonly equation?: number; readonly product?: number };

/** More factors that differ by constants alone are not looked at together. */
const MAX_BESIDE = 512;

export class Propagation {
  readonly system: System;
  readonly occurrences: Occurrences;
  readonly bounds: Bounds;
  readonly causes: (Cause | undefined)[];
  /** How many variables of an equation, and of a product's factors, are still open. */
  readonly #openInEquation: Int32Array;
  readonly #openInProduct: Int32Array;
  readonly #ready: number[] = [];
  /** What follows from products, kept apart so that a long chain of them needs no stack. */
  readonly #multiplied: [Variable, Cause][] = [];
  readonly #sums = new Set<number>();
  /** Sums that tell nothing alone, since they were last looked at. */
  readonly #choices = new Set<number>();
  /** Products by a factor that is determined: these may say something together of what they multiply it with. */
  readonly #byFactor = new Map<string, Set<number>>();
  /** Products of two equal factors. */
  readonly #squares: Set<number>;
  readonly #factors = new Set<string>();
  readonly #byLine = new Map<string, Set<string>>();

  constructor(system: System, given: Iterable<Variable>) {
    this.system = system;
    this.occurrences = occurrencesOf(system);
    this.bounds = boundsOf(system, this.occurrences);
    this.causes = Array.from({ length: system.variables });
    this.#openInEquation = Int32Array.from(system.equations, ({ variables }) => variables.length);
    this.#openInProduct = Int32Array.from(system.products, ({ left, right }) => {
      return new Set([...left.variables, ...right.variables]).size;
    });
    for (const [index, { variables }] of system.equations.entries()) {
      if (variables.length === 1) this.#ready.push(index);
      else this.#sums.add(index);
    }
    this.#squares = new Set(system.products.flatMap((product, index) => (isSquare(product) ? [index] : [])));
    for (const variable of given) this.learn(variable, { rule: "given" });
    this.#run();
  }

  isDetermined(variable: Variable): boolean {
    return this.causes[variable] !== undefined;
  }

  /** The variables of an expression that are not determined. */
  openIn({ variables }: Linear): Variable[] {
    return variables.filter((variable) => this.causes[variable] === undefined);
  }

  learn(variable: Variable, cause: Cause): void {
    if (this.causes[variable] !== undefined) return;
    this.causes[variable] = cause;
    for (const index of this.occurrences.equations[variable] ?? []) {
      const open = (this.#openInEquation[index] ?? 0) - 1;
      this.#openInEquation[index] = open;
      if (open === 1) this.#ready.push(index);
      if (open > 1) this.#sums.add(index);
    }
    for (const index of this.occurrences.products[variable] ?? []) {
      const open = (this.#openInProduct[index] ?? 0) - 1;
      this.#openInProduct[index] = open;
      const product = this.system.products[index] as Product;
      const [out] = product.out.variables;
      if (open > 0) this.#noteFactor(product, index);
      else if (out !== undefined) this.#multiplied.push([out, { rule: "product", product: index }]);
    }
  }

  #run(): void {
    do this.#propagate();
    while (this.#trySums() || this.#tryRoots() || this.#tryFactors());
  }

  #propagate(): void {
    for (;;) {
      const later = this.#multiplied.pop();
      if (later !== undefined) {
        this.learn(...later);
        continue;
      }
      const index = this.#ready.pop();
      if (index === undefined) return;
      const [open] = this.openIn(this.system.equations[index] as Linear);
      if (open !== undefined) this.learn(open, { rule: "equation", equation: index });
    }
  }

  /** Sums whose open variables have bounds; then, if none tells anything, what several say about one choice. */
  #trySums(): boolean {
    let isNew = false;
    for (const index of this.#sums) {
      this.#sums.delete(index);
      const terms = this.#openTerms(this.system.equations[index] as Linear);
      if (terms === undefined || terms.length === 0) continue;
      const found = determinedBySum(terms);
      for (const variable of found) this.learn(variable, { rule: "bits", equation: index });
      if (found.length > 0) isNew = true;
      else this.#choices.add(index);
    }
    return isNew || this.#tryChoices();
  }

  #tryChoices(): boolean {
    let isNew = false;
    for (const index of this.#choices) {
      this.#choices.delete(index);
      const equation = this.system.equations[index] as Linear;
      const terms = this.#openTerms(equation) ?? [];
      const isStrict = isBelowField(this, terms);
      const found = isStrict ? terms.map(({ variable }) => variable) : choicesOf(this, equation);
      for (const variable of found) this.learn(variable, { rule: isStrict ? "bits" : "choice", equation: index });
      isNew ||= found.length > 0;
    }
    return isNew;
  }

  /** Expressions whose square is determined: only one of the two roots may be in range. */
  #tryRoots(): boolean {
    for (const index of this.#squares) {
      const { left, out } = this.system.products[index] as Product;
      if (this.openIn(out).length > 0) continue;
      this.#squares.delete(index);
      const open = this.openIn(left);
      const range = open.length === 1 ? rangeOf(left, this.bounds) : undefined;
      // Two different roots add up to zero, which two numbers of one sign do not, unless they wrap.
      const isOneSigned = range !== undefined && (range.lo >= 0n ? 2n * range.hi : -2n * range.lo) < GROUP_ORDER;
      if (range === undefined || !isOneSigned || (range.lo < 0n && range.hi > 0n)) continue;
      this.learn(open[0] as Variable, { rule: "root", product: index });
      return true;
    }
    return false;
  }

  #tryFactors(): boolean {
    for (const factor of this.#factors) {
      this.#factors.delete(factor);
      const members = this.#membersOf(factor);
      const found = determinedInBothCases(this, factor, members);
      for (const [variable, product] of found) this.learn(variable, { rule: "cases", product });
      if (found.size > 0) return true;
    }
    return false;
  }

  /** Determined factors that differ from one by a constant, each with the products that it is in. */
  factorsBeside(factor: string): [string, Product[]][] {
    const beside = [...(this.#byLine.get(lineOf(factor)) ?? [])].slice(0, MAX_BESIDE);
    return beside
      .filter((other) => other !== factor)
      .map((other) => [other, this.#membersOf(other).map((index) => this.system.products[index] as Product)]);
  }

  #membersOf(factor: string): number[] {
    return [...(this.#byFactor.get(factor) ?? [])];
  }

  /** The open variables of a sum, if all of them have bounds. */
  #openTerms({ variables, coefficients }: Linear): Term[] | undefined {
    const terms: Term[] = [];
    for (const [i, variable] of variables.entries()) {
      if (this.causes[variable] !== undefined) continue;
      const bound = this.bounds.of.get(variable);
      if (bound === undefined) return undefined;
      terms.push({ variable, coefficient: coefficients[i] ?? 0n, bound });
    }
    return terms;
  }

  #noteFactor({ left, right }: Product, index: number): void {
    for (const factor of [left, right]) {
      if (this.openIn(factor).length > 0) continue;
      const key = zeroKey(factor);
      const members = this.#byFactor.get(key) ?? new Set();
      this.#byFactor.set(key, members.add(index));
      this.#factors.add(key);
      const line = lineOf(key);
      this.#byLine.set(line, (this.#byLine.get(line) ?? new Set()).add(key));
    }
  }
}

/** What is left of a factor's key without its constant. */
function lineOf(key: string): string {
  return key.slice(key.indexOf("|"));
}

function isSquare({ left, right }: Product): boolean {
  return left.variables.length === right.variables.length && zeroKey(left) === zeroKey(right);
}
