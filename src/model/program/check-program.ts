/**
 * Refuses a program that makes no sense: shapes that do not fit, indices that lead nowhere, bins that overlap. A program
 * may come from anyone, and everything after relies on this.
 */
import { MAX_BITS } from "../../protocol/packing.ts";
import { WIDEST } from "../codec.ts";
import { outputPlane } from "./linear-rows.ts";
import { isLeaf, type Conv, type Operation, type Program, type Step, type TreeNode } from "./program.ts";

/** Half of what a shift drops is worked with as a number. */
const MOST_SHIFTED = 1_000;
const MOST_NUMBERS = 2 ** 24;
const DEEPEST_TREE = 64;

const KEYS: Readonly<Record<Operation["kind"], readonly string[]>> = {
  dense: ["input", "columns", "weights", "bias"],
  privateDense: ["input", "columns", "bits", "shift"],
  conv: ["input", "geometry", "weights", "bias"],
  gather: ["inputs", "indices"],
  affine: ["input", "multipliers", "offsets"],
  sum: ["inputs", "coefficients"],
  rescale: ["input", "shifts"],
  relu: ["input", "shifts", "slope"],
  product: ["left", "right"],
  max: ["input", "length", "indices"],
  argmax: ["input", "length"],
  lookup: ["input", "thresholds", "slopes", "intercepts"],
  trees: ["input", "base", "trees"],
};

/** What a file that claims to be a program says; nothing of it is believed before it was looked at. */
export function checkProgram({ input, steps, output }: Program): void {
  claim(["hidden", "public"].includes(input.visibility), "its input is neither hidden nor public");
  claim(["hidden", "public"].includes(output.visibility), "its output is neither hidden nor public");
  // What hides an answer is the salt of the input.
  claim(output.visibility === "public" || input.visibility === "hidden", "its output is hidden, and its input is not");
  claim(isList(input.widths) && input.widths.length > 0, "it has no input");
  claim(
    input.widths.every((width) => isWithin(width, 1, WIDEST)),
    `a field's width is not from 1 to ${WIDEST}`,
  );
  const sizes = new Map([["input", input.widths.length]]);
  for (const step of steps) {
    checkStep(step, sizes);
    sizes.set(step.id, step.size);
  }
  claim(isList(output.fields) && output.fields.length > 0, "it has no output");
  for (const { tensor, index, bits, encoding } of output.fields) {
    claim(
      isWithin(index, 0, (sizes.get(tensor) ?? 0) - 1),
      `its output is number ${index} of ${tensor}, which there is not`,
    );
    claim(isWithin(bits, 1, MAX_BITS), `an output's width is not from 1 to ${MAX_BITS}`);
    claim(["plain", "offset"].includes(encoding), "an output is neither plain nor offset");
  }
}

type Sizes = ReadonlyMap<string, number>;

function checkStep({ id, size, origin, operation }: Step, sizes: Sizes): void {
  claim(typeof id === "string" && id !== "" && typeof origin === "string", "a step has no name");
  claim(!sizes.has(id), `two steps are called ${id}`);
  claim(isWithin(size, 1, MOST_NUMBERS), `${id} has no size`);
  const keys = Object.hasOwn(KEYS, operation.kind) ? KEYS[operation.kind] : undefined;
  claim(keys !== undefined, `${id} is a ${operation.kind}, which is no operation`);
  const found = Object.keys(operation).filter((key) => key !== "kind" && key !== "secret");
  claim(
    found.length === keys.length && keys.every((key) => found.includes(key)),
    `${id} does not consist of ${keys.join()}`,
  );
  const sizeOf = (tensor: string): number => {
    const known = sizes.get(tensor);
    claim(known !== undefined, `${id} reads ${tensor}, which no step before it makes`);
    return known;
  };
  claim(isSound(operation, size, sizeOf), `the numbers of ${id} do not fit together`);
}

function isSound(operation: Operation, size: number, sizeOf: (tensor: string) => number): boolean {
  switch (operation.kind) {
    case "dense": {
      const { columns, weights, bias } = operation;
      return columns === sizeOf(operation.input) && areIntegers(weights, size * columns) && areBigInts(bias, size);
    }
    case "privateDense": {
      const { columns, bits, shift } = operation;
      return columns === sizeOf(operation.input) && isWithin(bits, 2, MAX_BITS) && isWithin(shift, 0, bits - 2);
    }
    case "conv":
      return isConv(operation, size, sizeOf(operation.input));
    case "gather": {
      const total = operation.inputs.reduce((sum, input) => sum + sizeOf(input), 0);
      return areIntegers(operation.indices, size) && operation.indices.every((index) => isWithin(index, -1, total - 1));
    }
    case "affine": {
      const { multipliers, offsets } = operation;
      return sizeOf(operation.input) === size && areIntegers(multipliers, size) && areBigInts(offsets, size);
    }
    case "sum": {
      const { inputs, coefficients } = operation;
      const isWhole = inputs.length > 0 && areIntegers(coefficients, inputs.length);
      return isWhole && inputs.every((input) => sizeOf(input) === size);
    }
    case "rescale":
      return sizeOf(operation.input) === size && areShifts(operation.shifts, size);
    case "relu": {
      const { numerator, bits } = operation.slope;
      const isSlope = Number.isSafeInteger(numerator) && isWithin(bits, 0, WIDEST);
      return isSlope && sizeOf(operation.input) === size && areShifts(operation.shifts, size);
    }
    case "product":
      return sizeOf(operation.left) === size && sizeOf(operation.right) === size;
    case "max": {
      const { indices, length } = operation;
      const most = sizeOf(operation.input) - 1;
      if (!isWithin(length, 1, MOST_NUMBERS) || !areIntegers(indices, size * length)) return false;
      const runs = Array.from({ length: size }, (_, at) => indices.slice(at * length, (at + 1) * length));
      return (
        indices.every((index) => isWithin(index, -1, most)) && runs.every((run) => run.some((index) => index >= 0))
      );
    }
    case "argmax":
      return isWithin(operation.length, 1, MOST_NUMBERS) && sizeOf(operation.input) === size * operation.length;
    case "lookup": {
      const { thresholds, slopes, intercepts } = operation;
      const bins = isList(thresholds) ? thresholds.length + 1 : 0;
      const areRising = thresholds.every((each, at) => at === 0 || each > (thresholds[at - 1] ?? 0));
      const areLines = areIntegers(slopes, bins) && areIntegers(intercepts, bins);
      return sizeOf(operation.input) === size && areIntegers(thresholds, bins - 1) && areRising && areLines;
    }
    case "trees": {
      const features = sizeOf(operation.input);
      return areBigInts(operation.base, size) && operation.trees.every((tree) => isTree(tree, features, size, 0));
    }
  }
}

function isConv({ geometry, weights, bias }: Conv, size: number, inputSize: number): boolean {
  const { channels, height, width, filters, groups, kernel, strides, dilations, pads } = geometry;
  const counts = [channels, height, width, filters, groups, ...kernel, ...strides, ...dilations];
  if (counts.length !== 11 || pads.length !== 4) return false;
  if (!counts.every((count) => isWithin(count, 1, MOST_NUMBERS))) return false;
  if (!pads.every((pad) => isWithin(pad, 0, MOST_NUMBERS))) return false;
  if (channels % groups !== 0 || filters % groups !== 0 || channels * height * width !== inputSize) return false;
  const [rows, columns] = outputPlane(geometry);
  const isWhole =
    areIntegers(weights, filters * (channels / groups) * kernel[0] * kernel[1]) && areBigInts(bias, filters);
  return isWhole && rows >= 1 && columns >= 1 && filters * rows * columns === size;
}

/** Each leaf names an output once: of two weights, one reader would take the first, and another the sum. */
function isTree(node: TreeNode, features: number, outputs: number, depth: number): boolean {
  if (depth > DEEPEST_TREE) return false;
  if (!isLeaf(node)) {
    const isBranch = isWithin(node.feature, 0, features - 1) && Number.isSafeInteger(node.threshold);
    return isBranch && [node.below, node.above].every((next) => isTree(next, features, outputs, depth + 1));
  }
  const { targets, weights } = node;
  const areDistinct = new Set(targets).size === targets.length;
  return areIntegers(weights, targets.length) && areDistinct && targets.every((each) => isWithin(each, 0, outputs - 1));
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function isList(value: unknown): boolean {
  return Array.isArray(value);
}

function areIntegers(values: readonly number[], count: number): boolean {
  return isList(values) && values.length === count && values.every(Number.isSafeInteger);
}

function areBigInts(values: readonly bigint[], count: number): boolean {
  return isList(values) && values.length === count && values.every((value) => typeof value === "bigint");
}

function areShifts(shifts: readonly number[], count: number): boolean {
  return isList(shifts) && shifts.length === count && shifts.every((shift) => isWithin(shift, 0, MOST_SHIFTED));
}

function claim(holds: boolean, fault: string): asserts holds {
  if (!holds) throw new BadProgramError(fault);
}

/** A program makes no sense. */
export class BadProgramError extends Error {
  override readonly name = "BadProgramError";

  constructor(fault: string) {
    super(`This is no program of a model: ${fault}. Build the model again.`);
  }
}
