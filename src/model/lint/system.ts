/**
 * A circuit's constraints as statements that rules can use: linear equations, products, and bounds of single variables.
 * All of it follows from the constraints, whatever the inputs are.
 */
import { centre, inverse, squareRoot } from "../field.ts";
import {
  add,
  direction,
  isConstant,
  linearOf,
  multipleOf,
  scale,
  subtract,
  variableOf,
  type Linear,
  type Variable,
} from "./linear.ts";
import type { Constraint, Constraints } from "./r1cs-file.ts";

/** Integers from `lo` to `hi`: a variable is equal, in the field, to one of them. */
export type Interval = { readonly lo: bigint; readonly hi: bigint };

/** `left * right = out`, where `out` is a constant or a multiple of one variable. */
export type Product = { readonly left: Linear; readonly right: Linear; readonly out: Linear };

export type System = {
  /** How many variables there are; the first ones are the circuit's wires. */
  readonly variables: number;
  /** Each is zero. */
  readonly equations: readonly Linear[];
  readonly products: readonly Product[];
  /** What is known of single variables. */
  readonly bounds: ReadonlyMap<Variable, Interval>;
};

/** Restates constraints. */
export function systemOf({ wires, rows }: Constraints): System {
  const statements = new Statements(wires);
  for (const row of rows) statements.add(row);
  return statements;
}

class Statements implements System {
  readonly equations: Linear[] = [];
  readonly products: Product[] = [];
  readonly bounds = new Map<Variable, Interval>();
  variables: number;

  constructor(wires: number) {
    this.variables = wires;
  }

  add({ a, b, c }: Constraint): void {
    const [left, right, out] = [linearOf(a), linearOf(b), linearOf(c)];
    if (isConstant(left)) this.#equate(subtract(scale(right, left.constant), out));
    else if (isConstant(right)) this.#equate(subtract(scale(left, right.constant), out));
    else if (!this.#addQuadratic(left, right, out)) this.#addProduct(left, right, out);
  }

  #equate(expression: Linear): void {
    // What remains without variables is true, or no witness exists and any statement holds.
    if (!isConstant(expression)) this.equations.push(expression);
  }

  /** All three parts may be multiples of one expression, which is then a root of a quadratic equation. */
  #addQuadratic(left: Linear, right: Linear, out: Linear): boolean {
    const { unit, factor } = direction(left);
    const [second, linear] = [multipleOf(right, unit), multipleOf(out, unit)];
    if (second === undefined || linear === undefined) return false;
    const roots = rootsOf(
      // (factor * e + k) * (second * e + l) - (linear * e + m) = 0
      factor * second,
      factor * right.constant + second * left.constant - linear,
      left.constant * right.constant - out.constant,
      isConstant(out) && out.constant === 0n ? -left.constant * inverse(factor) : undefined,
    );
    if (roots === undefined) return true;
    const [one, other] = roots;
    if (one === other) this.#equate({ ...unit, constant: centre(-one) });
    else this.#addChoice(unit, one, other);
    return true;
  }

  /** An expression that is one of two values: these values are a bit apart. */
  #addChoice(unit: Linear, one: bigint, other: bigint): void {
    const [variable] = unit.variables;
    const [lo, hi] = one < other ? [one, other] : [other, one];
    if (unit.variables.length === 1 && variable !== undefined && hi - lo === 1n) {
      this.bounds.set(variable, { lo, hi });
      return;
    }
    const bit = this.#bit();
    const moved = { ...unit, constant: -lo };
    // Divided so that the bit's coefficient is one, the coefficients of other bits in it become powers of two.
    this.#equate(subtract(scale(moved, inverse(hi - lo)), variableOf(bit)));
  }

  #addProduct(left: Linear, right: Linear, out: Linear): void {
    const isSimple = isConstant(out) || (out.variables.length === 1 && out.constant === 0n);
    if (isSimple) {
      this.products.push({ left, right, out });
      return;
    }
    const product = variableOf(this.variables++);
    this.products.push({ left, right, out: product });
    this.#equate(add(out, scale(product, -1n)));
  }

  #bit(): Variable {
    const bit = this.variables++;
    this.bounds.set(bit, { lo: 0n, hi: 1n });
    return bit;
  }
}

/** The roots of `square * e² + middle * e + constant`, if it has any; one of them may be known. */
function rootsOf(square: bigint, middle: bigint, constant: bigint, known?: bigint): [bigint, bigint] | undefined {
  const one = centre(constant) === 0n ? 0n : known;
  // The two add up to -middle / square. Most rows show one, and square roots are slow.
  if (one !== undefined) return [centre(one), centre(-middle * inverse(square) - one)];
  const root = squareRoot(middle * middle - 4n * square * constant);
  if (root === undefined) return undefined;
  const half = inverse(2n * square);
  return [centre((root - middle) * half), centre((-root - middle) * half)];
}
