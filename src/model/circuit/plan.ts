/**
 * Turns a program into gadgets. Linear operations become expressions and put nothing; every other operation is written
 * with the gadgets of `circuits/` alone, and every width comes from the intervals.
 */
import { MAX_BITS } from "../../protocol/packing.ts";
import type { Interval, Intervals } from "../program/intervals.ts";
import { rowOf } from "../program/linear-rows.ts";
import {
  inputsOf,
  isLinear,
  type LinearOperation,
  type Operation,
  type PrivateDense,
  type Program,
  type Step,
} from "../program/program.ts";
import { elementsFor, packedCount } from "../program/secrets.ts";
import { combine, isConstant, plus, soleWire, wireOf, type Expression } from "./expression.ts";
import { firstLargest, largest, look, multiply, privateSums, relu, rescale, type Value } from "./compose.ts";
import { Circuit, type Instance } from "./gadgets.ts";
import { plantTrees } from "./trees.ts";

/** A circuit, gadget by gadget, before it is written. */
export type Plan = {
  readonly program: Program;
  readonly instances: readonly Instance[];
  readonly wires: number;
  /** For each input field, whether the commitment checks its range; else a gadget does. */
  readonly checked: readonly boolean[];
  /** The output, packed. */
  readonly packed: Expression;
  /** How many packed elements of private weights the circuit takes; their wires come after the fields'. */
  readonly weights: number;
};

/** The most terms that a sum may add to the sums that read it. */
const MOST_COPIES = 500;

/** Plans the circuit of a program under its certificate. */
export function planCircuit(program: Program, intervals: Intervals): Plan {
  const { widths } = program.input;
  const weights = packedCount(program);
  const weightWires = Array.from({ length: weights }, (_, at) => widths.length + at);
  const circuit = new Circuit(widths.length + weights);
  const fields = widths.map((_, field) => wireOf(field));
  const tensors = new Map<string, readonly Value[]>([["input", valuesOf("input", fields, intervals)]]);
  const covered = new Set<number>();
  for (const step of program.steps) {
    circuit.enter(step.origin);
    const inputs = inputsOf(step.operation).map((name) => tensors.get(name) ?? []);
    const { id, size, operation } = step;
    if (operation.kind === "privateDense") {
      const own = weightWires.splice(0, elementsFor(operation, size));
      tensors.set(id, privateSums(operation, size, inputs[0] ?? [], own, circuit));
      continue;
    }
    const expressions = place(operation, step, inputs, circuit, widths, covered);
    const short = isLinear(operation) ? shorten(step, expressions, program, circuit) : expressions;
    tensors.set(id, valuesOf(id, short, intervals));
  }
  const packed = packOutput(program, tensors);
  checkAnswer(program, packed);
  return {
    program,
    instances: circuit.instances,
    wires: circuit.wires,
    checked: widths.map((_, field) => !covered.has(field)),
    packed,
    weights,
  };
}

function valuesOf(name: string, expressions: readonly Expression[], intervals: Intervals): Value[] {
  const known = intervals.get(name) ?? [];
  return expressions.map((expression, index) => {
    const interval = known[index];
    if (interval === undefined) throw new NoIntervalError(name, index);
    // A sum may be constant though its parts are not: a number less itself.
    const { constant } = expression;
    return { expression, interval: isConstant(expression) ? { lo: constant, hi: constant } : interval };
  });
}

/** `covered` collects the input fields whose range a gadget checks on its way. */
function place(
  operation: Exclude<Operation, PrivateDense>,
  { size, origin }: Step,
  inputs: readonly (readonly Value[])[],
  circuit: Circuit,
  widths: readonly number[],
  covered: Set<number>,
): Expression[] {
  const [values = []] = inputs;
  switch (operation.kind) {
    case "rescale":
      return values.map((value, index) => rescale(value, operation.shifts[index] ?? 0, circuit));
    case "relu":
      return values.map((value, index) => relu(value, operation.shifts[index] ?? 0, operation.slope, circuit));
    case "product":
      return values.map((value, index) => {
        return multiply(value.expression, (inputs[1]?.[index] ?? value).expression, circuit);
      });
    case "max":
      return Array.from({ length: size }, (_, index) => largest(values, operation, index, circuit).expression);
    case "argmax":
      return Array.from({ length: size }, (_, index) => {
        return firstLargest(values.slice(index * operation.length, (index + 1) * operation.length), circuit);
      });
    case "lookup":
      return values.map((value) => look(value, operation, circuit));
    case "trees":
      return plantTrees(operation, values, circuit, widths, covered);
    default:
      return linear(operation, size, inputs, origin);
  }
}

function linear(
  operation: LinearOperation,
  size: number,
  inputs: readonly (readonly Value[])[],
  origin: string,
): Expression[] {
  const sizes = inputs.map((each) => each.length);
  return Array.from({ length: size }, (_, index) => {
    const { bias, terms } = rowOf(operation, index, sizes);
    return combine(
      bias,
      terms.map(({ source, index: at, weight }) => {
        const value = inputs[source]?.[at];
        if (value === undefined) throw new NoIntervalError(`${origin}'s input ${source}`, at);
        return [BigInt(weight), value.expression] as const;
      }),
    );
  });
}

/**
 * A sum that other sums read becomes part of each of them, over and over where windows overlap. Where that writes too
 * many terms, it is cheaper for the prover to pay one linear constraint for it.
 */
function shorten({ id }: Step, sums: readonly Expression[], { steps }: Program, circuit: Circuit): Expression[] {
  const reads = steps.reduce((count, { operation }) => count + readsOf(operation, id), 0);
  return sums.map((sum) => ((sum.terms.size - 1) * reads > MOST_COPIES ? wireOf(circuit.wire(sum)) : sum));
}

/** How many sums of an operation read each number of a tensor. */
function readsOf(operation: Operation, id: string): number {
  if (operation.kind === "dense" && operation.input === id) return operation.bias.length;
  if (operation.kind !== "conv" || operation.input !== id) return 0;
  const { kernel, strides, filters, groups } = operation.geometry;
  return ((kernel[0] * kernel[1]) / (strides[0] * strides[1])) * (filters / groups);
}

/** An answer that needs no proof has no circuit either: its signals would be one with the input's. */
function checkAnswer({ input, output }: Program, packed: Expression): void {
  if (input.visibility === "public" && input.widths.length === 1) throw new LoneFieldError();
  if (output.visibility === "hidden") {
    if (input.visibility === "public") throw new SaltlessAnswerError();
    if (isConstant(packed)) throw new ConstantAnswerError(packed.constant);
    return;
  }
  if ((soleWire(packed) ?? Infinity) < input.widths.length) throw new PlainAnswerError();
}

function packOutput({ output }: Program, tensors: ReadonlyMap<string, readonly Value[]>): Expression {
  let used = 0;
  const parts = output.fields.map(({ tensor, index, bits, encoding }) => {
    const value = tensors.get(tensor)?.[index];
    if (value === undefined) throw new NoIntervalError(tensor, index);
    const offset = encoding === "offset" ? 1n << BigInt(bits - 1) : 0n;
    const { lo, hi } = value.interval;
    const fits = lo + offset >= 0n && hi + offset < 1n << BigInt(bits);
    if (!fits) throw new OutputWidthError(tensor, index, bits, value.interval);
    const part = [1n << BigInt(used), plus(value.expression, offset)] as const;
    used += bits;
    return part;
  });
  if (used > MAX_BITS) throw new OutputSizeError(used);
  return combine(0n, parts);
}

/** The operations that read a tensor which the certificate does not cover. */
export class NoIntervalError extends Error {
  override readonly name = "NoIntervalError";

  constructor(tensor: string, index: number) {
    super(`There is no interval for number ${index} of ${tensor}. Derive the certificate from this very program.`);
  }
}

/** An output field is too narrow for what the model may answer. */
export class OutputWidthError extends Error {
  override readonly name = "OutputWidthError";

  constructor(tensor: string, index: number, bits: number, { lo, hi }: Interval) {
    super(`Output ${index} of ${tensor} may be ${lo} to ${hi}, which ${bits} bits do not hold. Widen the field.`);
  }
}

/** The output fields do not fit into one element. */
export class OutputSizeError extends Error {
  override readonly name = "OutputSizeError";

  constructor(bits: number) {
    super(
      `The output's fields take ${bits} bits, and one element holds ${MAX_BITS}. Answer with a label, or fewer scores.`,
    );
  }
}

/** A model whose answer is to be hidden has only one. */
export class ConstantAnswerError extends Error {
  override readonly name = "ConstantAnswerError";

  constructor(answer: bigint) {
    super(
      `The model answers ${answer} whatever it is asked: there is nothing to hide. Check its weights, or its fields.`,
    );
  }
}

/** A public input has one field alone, which circom makes one signal with its commitment. */
export class LoneFieldError extends Error {
  override readonly name = "LoneFieldError";

  constructor() {
    super(
      "The input is public and has a single field, which the circuit could not tell from its commitment. Hide the input, " +
        "or split the field in two.",
    );
  }
}

/** An answer is to be hidden, and nothing hides it. */
export class SaltlessAnswerError extends Error {
  override readonly name = "SaltlessAnswerError";

  constructor() {
    super("The answer is to be hidden, and the input is public: what hides an answer is its input's salt. Hide both.");
  }
}

/** A model answers with what it was asked. */
export class PlainAnswerError extends Error {
  override readonly name = "PlainAnswerError";

  constructor() {
    super("The model answers with a field of its input as it is: there is nothing to prove.");
  }
}
