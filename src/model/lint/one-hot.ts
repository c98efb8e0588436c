/**
 * Bits of which at most one is set, and the choice between them: where each choice leaves a determined value an interval
 * of its own, and these do not overlap, that value makes the choice.
 */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { reduce } from "../field.ts";
import type { Linear, Variable } from "./linear.ts";
import type { Interval, System } from "./system.ts";

/** Bits of which at most one is set, or, if `isExact`, exactly one. */
export type Group = { readonly members: readonly Variable[]; readonly isExact: boolean };

/** For each choice the values that are left to it: none, or those from `from` to `from + length` modulo the field's size. */
type Arc = { readonly from: bigint; readonly length: bigint };

/** Finds sums of bits that are themselves a bit, or one. */
export function groupsOf({ equations, bounds }: System): Group[] {
  const taken = new Set<Variable>();
  const groups: Group[] = [];
  for (const equation of equations) {
    const group = groupIn(equation, bounds);
    if (group === undefined || group.members.some((member) => taken.has(member))) continue;
    for (const member of group.members) taken.add(member);
    groups.push(group);
  }
  return groups;
}

function groupIn({ constant, variables, coefficients }: Linear, bounds: System["bounds"]): Group | undefined {
  if (variables.length < 2 || !variables.every((variable) => isBit(bounds.get(variable)))) return undefined;
  const [first = 0n, second = 0n] = coefficients;
  const common = first === second || coefficients[2] === first ? first : second;
  const members = variables.filter((_, i) => coefficients[i] === common);
  if (members.length < 2) return undefined;
  if (members.length === variables.length) return constant === -common ? { members, isExact: true } : undefined;
  // The one other is the sum.
  const other = coefficients.find((coefficient) => coefficient !== common);
  const isSum = members.length === variables.length - 1 && other === -common && constant === 0n;
  return isSum ? { members, isExact: false } : undefined;
}

function isBit(bound: Interval | undefined): boolean {
  return bound?.lo === 0n && bound.hi === 1n;
}

/**
 * One statement about a choice: with choice i, `value * sign` is in [lo - coefficients[i], hi - coefficients[i]], where
 * the value is the same in all statements. A choice without a coefficient is that of no bit.
 */
export type ChoiceStatement = {
  readonly sign: 1n | -1n;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly coefficients: readonly bigint[];
};

/** Whether no value fits two choices. */
export function isChoiceUnique(statements: readonly ChoiceStatement[], choices: number): boolean {
  const arcs: Arc[] = [];
  for (let choice = 0; choice < choices; choice++) {
    let arc: Arc | undefined = { from: 0n, length: GROUP_ORDER - 1n };
    for (const statement of statements) arc = arc && intersect(arc, arcOf(statement, choice));
    if (arc !== undefined) arcs.push(arc);
  }
  arcs.sort((one, other) => (one.from < other.from ? -1 : 1));
  return arcs.every((arc, i) => {
    const next = arcs[(i + 1) % arcs.length] as Arc;
    return arcs.length === 1 || reduce(next.from - arc.from) > arc.length;
  });
}

function arcOf({ sign, lo, hi, coefficients }: ChoiceStatement, choice: number): Arc {
  const shift = coefficients[choice] ?? 0n;
  return { from: reduce(sign === 1n ? lo - shift : shift - hi), length: hi - lo };
}

/** What two arcs have in common, or, where that would be two pieces, the shorter arc, which holds both. */
function intersect(one: Arc, other: Arc): Arc | undefined {
  if (one.length === GROUP_ORDER - 1n) return other;
  if (one.length + other.length >= GROUP_ORDER) return one.length < other.length ? one : other;
  const after = reduce(other.from - one.from);
  if (after <= one.length) return { from: other.from, length: least(one.length - after, other.length) };
  const before = reduce(one.from - other.from);
  if (before <= other.length) return { from: one.from, length: least(other.length - before, one.length) };
  return undefined;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
