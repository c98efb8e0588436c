/** Collects what equations say together about a choice between bits, and asks whether it leaves one choice. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { rangeOf } from "./bounds.ts";
import { inverse } from "../field.ts";
import { direction, scale, type Linear, type Variable } from "./linear.ts";
import { isChoiceUnique, type ChoiceStatement, type Group } from "./one-hot.ts";
import type { Propagation } from "./propagation.ts";

/** More equations than this about one bit, and it is not looked at: it would be a bit that everything depends on. */
const MAX_STATEMENTS = 64;

/** The open bits in a sum that are determined because one choice alone fits: a group's members, or a single bit. */
export function choicesOf(known: Propagation, { variables }: Linear): Variable[] {
  const { bounds, occurrences } = known;
  const tried = new Set<Group>();
  for (const variable of variables) {
    if (known.isDetermined(variable)) continue;
    const bound = bounds.of.get(variable);
    if (bound === undefined || bound.lo !== 0n || bound.hi !== 1n) continue;
    const alone = { members: [variable], isExact: false };
    const group = bounds.groupOf.get(variable) ?? alone;
    if (tried.has(group) || (group === alone && (occurrences.equations[variable] ?? []).length < 2)) continue;
    tried.add(group);
    if (isDecided(known, group)) return group.members.filter((member) => !known.isDetermined(member));
  }
  return [];
}

function isDecided(known: Propagation, group: Group): boolean {
  const { members, isExact } = group;
  const about = new Set(members.flatMap((member) => known.occurrences.equations[member] ?? []));
  if (about.size > MAX_STATEMENTS) return false;
  const equations = [...about].map((index) => known.system.equations[index] as Linear);
  const times = new Map<Variable, number>();
  for (const { variables } of equations) for (const each of variables) times.set(each, (times.get(each) ?? 0) + 1);
  const byValue = new Map<string, ChoiceStatement[]>();
  for (const equation of equations) {
    // A bit of the slack may be determined by itself, which must not tell two equations about one value apart.
    const partings = [
      (each: Variable) => known.isDetermined(each),
      (each: Variable) => known.isDetermined(each) && ((times.get(each) ?? 0) > 1 || !known.bounds.of.has(each)),
    ];
    for (const isOfValue of partings) {
      const told = statementOf(known, equation, members, isOfValue);
      if (told !== undefined) byValue.set(told.value, [...(byValue.get(told.value) ?? []), told.statement]);
    }
  }
  const choices = members.length + (isExact ? 0 : 1);
  return [...byValue.values()].some((statements) => isChoiceUnique(statements, choices));
}

/** `value * sign + Σ coefficients * members + slack = 0`, where the value, at least, is determined and the slack has bounds. */
function statementOf(
  known: Propagation,
  equation: Linear,
  members: readonly Variable[],
  isOfValue: (variable: Variable) => boolean,
): { readonly value: string; readonly statement: ChoiceStatement } | undefined {
  const isMember = new Set(members);
  const part = (isWanted: (variable: Variable) => boolean): Linear => {
    const places = [...equation.variables.keys()].filter((i) => isWanted(equation.variables[i] as Variable));
    return {
      constant: 0n,
      variables: places.map((i) => equation.variables[i] as Variable),
      coefficients: places.map((i) => equation.coefficients[i] as bigint),
    };
  };
  const value = part((variable) => !isMember.has(variable) && isOfValue(variable));
  const slack = part((variable) => !isMember.has(variable) && !isOfValue(variable));
  // In units of a slack's smallest step: the same for two equations that bound one value from both sides.
  const [step = 1n] = [...slack.coefficients].sort((one, other) => (one * one < other * other ? -1 : 1));
  const { unit, factor } = direction(value);
  const divisor = value.variables.length === 0 ? step : smallest(step, factor);
  const over = divisor === 1n ? 1n : inverse(divisor);
  const range = rangeOf(scale({ ...slack, constant: equation.constant }, over), known.bounds);
  if (range === undefined || range.hi - range.lo >= GROUP_ORDER - 1n) return undefined;
  const weights = scale(
    part((variable) => isMember.has(variable)),
    over,
  );
  const weightOf = (member: Variable): bigint => weights.coefficients[weights.variables.indexOf(member)] ?? 0n;
  const coefficients = members.map(weightOf);
  // value + choice + slack = 0, so value = -(slack) - choice.
  const scaledValue = scale(value, over);
  const [first = 0n] = scaledValue.coefficients;
  const isFlipped = first < 0n;
  return {
    value: `${unit.variables.join()}|${scaledValue.coefficients.map((each) => (isFlipped ? -each : each)).join()}`,
    statement: {
      sign: isFlipped ? -1n : 1n,
      lo: -range.hi,
      hi: -range.lo,
      coefficients,
    },
  };
}

function smallest(one: bigint, other: bigint): bigint {
  return one * one <= other * other ? one : other;
}
