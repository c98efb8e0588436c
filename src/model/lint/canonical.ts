/**
 * Bits of a whole field element, 254 of them, which also spell numbers from the field's size on, and a comparison that
 * forbids these: pairs of bits are mapped to summands, and the sum's own bits show which way the highest difference goes.
 * It is circomlib's way to write "strict"; the rule looks at what the constraints say, not at how they are written.
 */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import type { Bounds, Occurrences } from "./bounds.ts";
import { centre, inverse, reduce } from "../field.ts";
import { scale, type Linear, type Variable } from "./linear.ts";
import type { Product, System } from "./system.ts";
import type { Term } from "./unique-sum.ts";

type Statements = { readonly system: System; readonly occurrences: Occurrences; readonly bounds: Bounds };

/** What a variable is, for each value of one digit: 0 to 3, for a pair of bits. */
type Table = { readonly digit: number; readonly values: readonly bigint[] };

const DIGIT_VALUES = [0, 1, 2, 3] as const;

/** Whether these bits, which add up to a field element in binary, are below the field's size as an integer. */
export function isBelowField(known: Statements, terms: readonly Term[]): boolean {
  const bits = bitsOf(terms);
  if (bits === undefined) return false;
  const tables = tablesOf(known, bits);
  const sums = new Set([...tables.keys()].flatMap((variable) => known.occurrences.equations[variable] ?? []));
  return [...sums].some((index) =>
    forbidsMore(known, known.system.equations[index] as Linear, tables, bits.length / 2),
  );
}

/** The bits in their order, if the coefficients are the powers of two below the field's size, or their opposites. */
function bitsOf(terms: readonly Term[]): Variable[] | undefined {
  if (terms.length !== 254 || terms.some(({ bound }) => bound.lo !== 0n || bound.hi !== 1n)) return undefined;
  for (const sign of [1n, -1n]) {
    const byCoefficient = new Map(terms.map(({ variable, coefficient }) => [reduce(sign * coefficient), variable]));
    const bits = terms.map((_, i) => byCoefficient.get(1n << BigInt(i)));
    if (bits.every((bit) => bit !== undefined)) return bits;
  }
  return undefined;
}

/** All variables that one pair of bits decides, by what the constraints compute from it. */
function tablesOf({ system, occurrences }: Statements, bits: readonly Variable[]): Map<Variable, Table> {
  const tables = new Map<Variable, Table>();
  const pending: Variable[] = [];
  const learn = (variable: Variable, table: Table | undefined): void => {
    if (table === undefined || tables.has(variable)) return;
    tables.set(variable, table);
    pending.push(variable);
  };
  for (const [i, bit] of bits.entries()) {
    learn(bit, { digit: i >> 1, values: DIGIT_VALUES.map((value) => BigInt((value >> (i & 1)) & 1)) });
  }
  for (let variable = pending.pop(); variable !== undefined; variable = pending.pop()) {
    for (const index of occurrences.products[variable] ?? []) {
      const { left, right, out } = system.products[index] as Product;
      const [one, other] = [tableOf(left, tables), tableOf(right, tables)];
      const [result] = out.variables;
      if (one?.digit !== other?.digit || one === undefined || other === undefined || result === undefined) continue;
      const over = inverse(out.coefficients[0] ?? 1n);
      learn(result, { digit: one.digit, values: one.values.map((v, i) => centre(v * (other.values[i] ?? 0n) * over)) });
    }
    for (const index of occurrences.equations[variable] ?? []) {
      const equation = system.equations[index] as Linear;
      // A digit has two bits, their product and a summand: longer sums are of several digits.
      if (equation.variables.length > 5) continue;
      const open = equation.variables.filter((each) => !tables.has(each));
      if (open.length === 1) learn(open[0] as Variable, tableOf(solve(equation, open[0] as Variable), tables));
    }
  }
  return tables;
}

/** What an expression in one digit is. */
function tableOf(
  { constant, variables, coefficients }: Linear,
  tables: ReadonlyMap<Variable, Table>,
): Table | undefined {
  const parts = variables.map((variable) => tables.get(variable));
  const digit = parts[0]?.digit;
  if (digit === undefined || parts.some((part) => part?.digit !== digit)) return undefined;
  const values = DIGIT_VALUES.map((value) => {
    return centre(
      parts.reduce((sum, part, i) => sum + (coefficients[i] ?? 0n) * (part?.values[value] ?? 0n), constant),
    );
  });
  return { digit, values };
}

/** A variable as the rest of an equation. */
function solve(equation: Linear, variable: Variable): Linear {
  const at = equation.variables.indexOf(variable);
  const { constant, variables, coefficients } = scale(equation, -inverse(equation.coefficients[at] ?? 1n));
  const isOther = (_: unknown, i: number): boolean => i !== at;
  return { constant, variables: variables.filter(isOther), coefficients: coefficients.filter(isOther) };
}

/** Whether an equation says that a sum over digits is a number whose bits leave a gap, and only small digits reach it. */
function forbidsMore(
  known: Statements,
  equation: Linear,
  tables: ReadonlyMap<Variable, Table>,
  digits: number,
): boolean {
  const others = equation.variables.filter((variable) => !tables.has(variable));
  const [sum] = others;
  if (sum === undefined || others.length !== 1) return false;
  const summands = solve(equation, sum);
  const values = Array.from({ length: digits }, () => DIGIT_VALUES.map(() => 0n));
  for (const [i, variable] of summands.variables.entries()) {
    const table = tables.get(variable) as Table;
    const digit = values[table.digit] as bigint[];
    for (const value of DIGIT_VALUES) {
      digit[value] = (digit[value] ?? 0n) + (summands.coefficients[i] ?? 0n) * (table.values[value] ?? 0n);
    }
  }
  return (known.occurrences.equations[sum] ?? []).some((index) => {
    const spelt = solve(known.system.equations[index] as Linear, sum);
    return gapsOf(spelt, known.bounds).some((gap) => isOnlyReachedBelow(gap, summands.constant, values));
  });
}

/** A number that is at most `most` modulo `modulus`, as an integer that is at most `total`. */
type Gap = { readonly modulus: bigint; readonly most: bigint; readonly total: bigint };

/** The gaps in a sum of bits with rising coefficients. */
function gapsOf({ constant, variables, coefficients }: Linear, { of }: Bounds): Gap[] {
  const areBits = variables.every((variable) => of.get(variable)?.lo === 0n && of.get(variable)?.hi === 1n);
  if (!areBits || constant !== 0n || coefficients.some((coefficient) => coefficient < 0n)) return [];
  const sizes = coefficients.toSorted((one, other) => (one < other ? -1 : 1));
  const total = sizes.reduce((sum, size) => sum + size, 0n);
  const gaps: Gap[] = [];
  let most = 0n;
  for (const [i, size] of sizes.entries()) {
    const isMultiple = sizes.slice(i).every((higher) => higher % size === 0n);
    if (isMultiple && most + 1n < size) gaps.push({ modulus: size, most, total });
    most += size;
  }
  return gaps;
}

/** Whether digits that spell the field's size or more never give a sum that fits the gap. */
function isOnlyReachedBelow({ modulus, most, total }: Gap, constant: bigint, digits: readonly bigint[][]): boolean {
  const largest = digits.reduce(
    (sum, values) => sum + values.map(magnitude).reduce((a, b) => (a > b ? a : b)),
    magnitude(constant),
  );
  // Both sides are integers only if neither can reach the field's size.
  if (largest + total >= GROUP_ORDER) return false;

  const near = digits.map((values) => values.map((value) => centreIn(value, modulus)));
  const below: { lo: bigint; hi: bigint }[] = [];
  let [lo, hi] = [0n, 0n];
  for (const values of near) {
    below.push({ lo, hi });
    lo += values.reduce((a, b) => (a < b ? a : b));
    hi += values.reduce((a, b) => (a > b ? a : b));
  }
  const limit = GROUP_ORDER - 1n;
  let prefix = constant;
  for (let i = digits.length - 1; i >= 0; i--) {
    const allowed = Number((limit >> BigInt(2 * i)) & 3n);
    const rest = below[i] ?? { lo: 0n, hi: 0n };
    for (let value = allowed + 1; value <= 3; value++) {
      const from = centreIn(prefix + (near[i]?.[value] ?? 0n) + rest.lo, modulus);
      const start = from < 0n ? from + modulus : from;
      if (start <= most || start + (rest.hi - rest.lo) >= modulus) return false;
    }
    prefix += near[i]?.[allowed] ?? 0n;
  }
  return true;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function centreIn(value: bigint, modulus: bigint): bigint {
  const rest = ((value % modulus) + modulus) % modulus;
  return rest * 2n > modulus ? rest - modulus : rest;
}
