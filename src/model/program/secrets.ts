/**
 * Private weights: kept apart from the program, and handed to the circuit in packed field elements. Each element holds one
 * column's weights for as many rows as fit, so that one product serves them all.
 */
import { MAX_BITS } from "../../protocol/packing.ts";
import { reduce } from "../field.ts";
import { signedBits } from "../integers.ts";
import { linear, type Interval } from "./intervals.ts";
import { halfOf, type Dense, type PrivateDense, type Program, type Secret, type Step } from "./program.ts";

/** By the step that they are of. */
export type Secrets = Readonly<Record<string, Secret>>;

/** A step with private weights. */
export type PrivateStep = Step & { readonly operation: PrivateDense };

export function privateSteps({ steps }: Program): PrivateStep[] {
  return steps.filter((step): step is PrivateStep => step.operation.kind === "privateDense");
}

/** The program that everyone may see. */
export function withoutSecrets(program: Program): Program {
  return mapPrivate(program, ({ kind, input, columns, bits, shift }) => ({ kind, input, columns, bits, shift }));
}

export function withSecrets(program: Program, secrets: Secrets): Program {
  return mapPrivate(program, (operation, { id, size }) => {
    const secret = secrets[id];
    if (secret === undefined) throw new MissingWeightsError(id);
    const { columns } = operation;
    if (secret.bias.length !== size || secret.weights.length !== size * columns) {
      throw new WeightCountError(id, secret, size, columns);
    }
    return { ...operation, secret };
  });
}

export function secretsOf(program: Program): Secrets {
  return Object.fromEntries(privateSteps(program).map(({ id, operation }) => [id, secretOf(id, operation)]));
}

function mapPrivate(program: Program, change: (operation: PrivateDense, step: Step) => PrivateDense): Program {
  const steps = program.steps.map((step) => {
    const { operation } = step;
    return operation.kind === "privateDense" ? { ...step, operation: change(operation, step) } : step;
  });
  return { ...program, steps };
}

/**
 * The layer as one whose weights are known, for who knows them. Refuses weights with which a sum could leave what the
 * circuit enforces: there would be inputs with an answer and no proof.
 */
export function opened(id: string, operation: PrivateDense, size: number, inputs: readonly Interval[]): Dense {
  const needed = sumBits(id, operation, size, operation.shift, inputs);
  if (needed > operation.bits) throw new WideSumError(id, needed, operation.bits);
  return denseOf(id, operation);
}

/** How many bits hold each sum of a layer and half of 2^shift. */
export function sumBits(
  id: string,
  operation: PrivateDense,
  size: number,
  shift: number,
  inputs: readonly Interval[],
): number {
  const dense = denseOf(id, operation);
  const half = halfOf(shift);
  const widths = Array.from({ length: size }, (_, row) => {
    const { lo, hi } = linear(dense, row, [inputs]);
    return signedBits(lo + half, hi + half);
  });
  // LinearBits takes two bits and more, and a shift leaves the sign.
  return Math.max(2, shift + 2, ...widths);
}

function denseOf(id: string, operation: PrivateDense): Dense {
  const { input, columns } = operation;
  return { kind: "dense", input, columns, ...secretOf(id, operation) };
}

function secretOf(id: string, { secret }: PrivateDense): Secret {
  if (secret === undefined) throw new MissingWeightsError(id);
  return secret;
}

/** How many rows of a layer share a packed element. */
export function rowsTogether({ bits }: PrivateDense): number {
  return Math.floor(MAX_BITS / bits);
}

/** How many packed elements a layer's weights take: for each group of rows the biases, and each column. */
export function elementsFor(operation: PrivateDense, size: number): number {
  return Math.ceil(size / rowsTogether(operation)) * (1 + operation.columns);
}

/** How many all private weights of a program take. */
export function packedCount(program: Program): number {
  return privateSteps(program).reduce((sum, { size, operation }) => sum + elementsFor(operation, size), 0);
}

/** The packed elements, in the order in which the circuit takes them. */
export function packSecrets(program: Program): bigint[] {
  return privateSteps(program).flatMap(({ id, size, operation }) => {
    const { weights, bias } = secretOf(id, operation);
    const { columns, bits } = operation;
    const together = rowsTogether(operation);
    const elements: bigint[] = [];
    for (let first = 0; first < size; first += together) {
      const rows = Array.from({ length: Math.min(together, size - first) }, (_, at) => first + at);
      const packed = (numberOf: (row: number) => bigint): bigint => {
        const sum = rows.reduce((total, row, at) => total + (numberOf(row) << BigInt(bits * at)), 0n);
        return reduce(sum);
      };
      elements.push(packed((row) => bias[row] ?? 0n));
      for (let column = 0; column < columns; column++) {
        elements.push(packed((row) => BigInt(weights[row * columns + column] ?? 0)));
      }
    }
    return elements;
  });
}

/** A model with private weights is asked by who does not have them. */
export class MissingWeightsError extends Error {
  override readonly name = "MissingWeightsError";
  readonly step: string;

  constructor(step: string) {
    super(`The weights of ${step} are private, and not here. Only the model's author can answer and prove with it.`);
    this.step = step;
  }
}

/** Weights are of another shape. */
export class WeightCountError extends Error {
  override readonly name = "WeightCountError";

  constructor(step: string, { weights, bias }: Secret, rows: number, columns: number) {
    super(
      `${step} takes ${rows} times ${columns} weights and ${rows} biases, got ${weights.length} and ${bias.length}. ` +
        "Take the weights that were built with this program.",
    );
  }
}

/** Private weights are too large for the shape that they are put into. */
export class WideSumError extends Error {
  override readonly name = "WideSumError";
  readonly step: string;

  constructor(step: string, needed: number, bits: number) {
    super(
      `The sums of ${step} take ${needed} bits with these weights, and the shape holds ${bits}. Use smaller weights, or a ` +
        'shape with a larger "sum" for this layer.',
    );
    this.step = step;
  }
}
