/** Linear expressions over a circuit's wires, and over variables that stand for more. */
import { centre, inverse } from "../field.ts";
import type { Combination } from "./r1cs-file.ts";

/** A wire, or, from the number of wires on, a value that the constraints imply. */
export type Variable = number;

/** `constant + Σ coefficients[i] * variables[i]`: variables rise, coefficients are centred, and none is zero. */
export type Linear = {
  readonly constant: bigint;
  readonly variables: readonly Variable[];
  readonly coefficients: readonly bigint[];
};

export function linearOf({ wires, coefficients }: Combination): Linear {
  if (wires[0] !== 0) return { constant: 0n, variables: wires, coefficients: coefficients.map(centre) };
  const [constant = 0n, ...others] = coefficients.map(centre);
  return { constant, variables: wires.slice(1), coefficients: others };
}

export function variableOf(variable: Variable): Linear {
  return { constant: 0n, variables: [variable], coefficients: [1n] };
}

export function scale({ constant, variables, coefficients }: Linear, factor: bigint): Linear {
  return {
    constant: centre(constant * factor),
    variables,
    coefficients: coefficients.map((coefficient) => centre(coefficient * factor)),
  };
}

export function add(left: Linear, right: Linear): Linear {
  const terms = new Map<Variable, bigint>();
  for (const { variables, coefficients } of [left, right]) {
    for (const [i, variable] of variables.entries()) {
      terms.set(variable, (terms.get(variable) ?? 0n) + (coefficients[i] ?? 0n));
    }
  }
  const sorted = [...terms].map(([variable, sum]) => [variable, centre(sum)] as const).filter(([, sum]) => sum !== 0n);
  sorted.sort(([one], [other]) => one - other);
  return {
    constant: centre(left.constant + right.constant),
    variables: sorted.map(([variable]) => variable),
    coefficients: sorted.map(([, sum]) => sum),
  };
}

export function subtract(left: Linear, right: Linear): Linear {
  return add(left, scale(right, -1n));
}

export function isConstant({ variables }: Linear): boolean {
  return variables.length === 0;
}

/** The expression without its constant, divided so that its first coefficient is one, and what it was divided by. */
export function direction({ variables, coefficients }: Linear): { readonly unit: Linear; readonly factor: bigint } {
  const [factor = 1n] = coefficients;
  const line = { constant: 0n, variables, coefficients };
  return { unit: factor === 1n ? line : scale(line, inverse(factor)), factor };
}

/** `factor` such that `expression = factor * unit + constant`, if there is one; a constant is zero times anything. */
export function multipleOf({ variables, coefficients }: Linear, unit: Linear): bigint | undefined {
  const [factor] = coefficients;
  if (factor === undefined) return 0n;
  if (variables.length !== unit.variables.length) return undefined;
  const isMultiple = variables.every((variable, i) => {
    return variable === unit.variables[i] && centre(factor * (unit.coefficients[i] ?? 0n)) === coefficients[i];
  });
  return isMultiple ? factor : undefined;
}

/** The same text for expressions that differ by a factor, which are therefore zero together. */
export function zeroKey(expression: Linear): string {
  const { unit, factor } = direction(expression);
  const constant = centre(expression.constant * inverse(factor));
  return `${constant}|${unit.variables.join()}|${unit.coefficients.join()}`;
}
