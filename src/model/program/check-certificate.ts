/**
 * Checks a certificate without the code that derived it. Each step is gone through alone: given that its inputs are in
 * their intervals, can any of its outputs leave its own? Linear operations push every input's reach onto the outputs that
 * read it, where the derivation pulls; the others look at their extreme points.
 */
import type { Interval, Intervals } from "./intervals.ts";
import { isLeaf, type Conv, type LinearOperation, type Program, type Step, type TreeNode } from "./program.ts";

/** Refuses a certificate that is too narrow anywhere. */
export function checkCertificate(program: Program, intervals: Intervals): void {
  const of = (tensor: string): readonly Interval[] => intervals.get(tensor) ?? [];
  for (const [field, width] of program.input.widths.entries()) {
    admit("input", field, of("input")[field], [0n, 2n ** BigInt(width) - 1n]);
  }
  for (const step of program.steps) checkStep(step, of);
}

type Lookup = (tensor: string) => readonly Interval[];

function checkStep({ id, size, operation }: Step, of: Lookup): void {
  const own = of(id);
  switch (operation.kind) {
    case "rescale":
    case "relu": {
      const shape = operation.kind === "relu" ? operation.slope : { numerator: 1, bits: 0 };
      for (const [index, interval] of of(operation.input).entries()) {
        const shift = BigInt(operation.shifts[index] ?? 0);
        const bent = (value: bigint): bigint => {
          const floor = shift === 0n ? value : (value + 2n ** (shift - 1n)) >> shift;
          return floor < 0n ? floor * BigInt(shape.numerator) : floor * 2n ** BigInt(shape.bits);
        };
        // Between its bend and each end the function only rises or only falls.
        const points = [interval.lo, interval.hi, 0n, -1n - 2n ** shift].map((point) => clamp(point, interval));
        admit(id, index, own[index], points.map(bent));
      }
      break;
    }
    case "privateDense": {
      // What LinearBits lets through, less what was added for it.
      const [most, half] = [
        2n ** BigInt(operation.bits),
        operation.shift === 0 ? 0n : 2n ** BigInt(operation.shift - 1),
      ];
      for (let index = 0; index < size; index++) {
        admit(id, index, own[index], [-half - most / 2n, most - 1n - half - most / 2n]);
      }
      break;
    }
    case "product":
      for (const [index, left] of of(operation.left).entries()) {
        const right = of(operation.right)[index] ?? left;
        if (operation.left === operation.right) {
          admit(
            id,
            index,
            own[index],
            [left.lo, left.hi, clamp(0n, left)].map((value) => value * value),
          );
        } else {
          admit(
            id,
            index,
            own[index],
            endsOf(left).flatMap((a) => endsOf(right).map((b) => a * b)),
          );
        }
      }
      break;
    case "max":
      for (let index = 0; index < size; index++) {
        const run = operation.indices.slice(index * operation.length, (index + 1) * operation.length);
        const members = run.filter((at) => at >= 0).map((at) => of(operation.input)[at] as Interval);
        const top = (end: "lo" | "hi"): bigint =>
          members
            .map((each) => each[end])
            .sort(ascending)
            .at(-1) ?? 0n;
        admit(id, index, own[index], [top("lo"), top("hi")]);
      }
      break;
    case "argmax":
      for (let index = 0; index < size; index++) admit(id, index, own[index], [0n, BigInt(operation.length) - 1n]);
      break;
    case "lookup":
      for (const [index, interval] of of(operation.input).entries()) {
        // Every edge of a bin, on both sides of it.
        const edges = operation.thresholds.flatMap((edge) => [BigInt(edge) - 1n, BigInt(edge)]);
        const points = [...edges, interval.lo, interval.hi].map((point) => clamp(point, interval));
        const line = (value: bigint): bigint => {
          const bin = operation.thresholds.filter((edge) => BigInt(edge) <= value).length;
          return value * BigInt(operation.slopes[bin] ?? 0) + BigInt(operation.intercepts[bin] ?? 0);
        };
        admit(id, index, own[index], points.map(line));
      }
      break;
    case "trees":
      for (const [target, base] of operation.base.entries()) {
        const leaves = operation.trees.map((tree) => leavesOf(tree, target).sort(ascending));
        const sum = (at: number): bigint => leaves.reduce((total, each) => total + (each.at(at) ?? 0n), base);
        admit(id, target, own[target], [sum(0), sum(-1)]);
      }
      break;
    default:
      checkSums(id, size, operation, of, own);
  }
}

function leavesOf(node: TreeNode, target: number): bigint[] {
  if (!isLeaf(node)) return [...leavesOf(node.below, target), ...leavesOf(node.above, target)];
  return [BigInt(node.weights[node.targets.indexOf(target)] ?? 0)];
}

/** Collects what each output can be at least and at most. */
class Reach {
  readonly least: bigint[];
  readonly most: bigint[];

  constructor(start: readonly bigint[]) {
    this.least = [...start];
    this.most = [...start];
  }

  add(output: number, weight: number, { lo, hi }: Interval): void {
    const products = [BigInt(weight) * lo, BigInt(weight) * hi].sort(ascending);
    this.least[output] = (this.least[output] ?? 0n) + (products[0] ?? 0n);
    this.most[output] = (this.most[output] ?? 0n) + (products[1] ?? 0n);
  }
}

function checkSums(id: string, size: number, operation: LinearOperation, of: Lookup, own: readonly Interval[]): void {
  const reach = reachOf(size, operation, of);
  for (let index = 0; index < size; index++) {
    admit(id, index, own[index], [reach.least[index] ?? 0n, reach.most[index] ?? 0n]);
  }
}

function reachOf(size: number, operation: LinearOperation, of: Lookup): Reach {
  const zeros = Array.from({ length: size }, () => 0n);
  switch (operation.kind) {
    case "dense": {
      const reach = new Reach(operation.bias);
      for (const [column, interval] of of(operation.input).entries()) {
        for (let row = 0; row < size; row++) {
          reach.add(row, operation.weights[row * operation.columns + column] ?? 0, interval);
        }
      }
      return reach;
    }
    case "conv":
      return scatter(operation, size, of(operation.input));
    case "gather": {
      const reach = new Reach(zeros);
      const all = operation.inputs.flatMap(of);
      for (const [output, from] of operation.indices.entries()) {
        if (from >= 0) reach.add(output, 1, all[from] as Interval);
      }
      return reach;
    }
    case "affine": {
      const reach = new Reach(operation.offsets);
      for (const [index, interval] of of(operation.input).entries()) {
        reach.add(index, operation.multipliers[index] ?? 0, interval);
      }
      return reach;
    }
    case "sum": {
      const reach = new Reach(zeros);
      for (const [source, name] of operation.inputs.entries()) {
        for (const [index, interval] of of(name).entries()) {
          reach.add(index, operation.coefficients[source] ?? 0, interval);
        }
      }
      return reach;
    }
  }
}

/** Walks over the input, and adds each pixel to every window that covers it. */
function scatter({ geometry, weights, bias }: Conv, size: number, pixels: readonly Interval[]): Reach {
  const { height, width, filters, kernel, strides, dilations, pads } = geometry;
  const rows = Math.floor((height + pads[0] + pads[2] - dilations[0] * (kernel[0] - 1) - 1) / strides[0]) + 1;
  const columns = size / filters / rows;
  const reach = new Reach(Array.from({ length: size }, (_, index) => bias[Math.floor(index / rows / columns)] ?? 0n));
  for (const { filter, channel, dy, dx, weight } of tapsOf(geometry, weights)) {
    const down = landings(height, pads[0] - dy * dilations[0], strides[0], rows);
    const across = landings(width, pads[1] - dx * dilations[1], strides[1], columns);
    for (const [y, row] of down) {
      for (const [x, column] of across) {
        const pixel = pixels[(channel * height + y) * width + x] as Interval;
        reach.add((filter * rows + row) * columns + column, weight, pixel);
      }
    }
  }
  return reach;
}

/** Each weight, with the filter, the channel and the place in the window that it is for. */
function* tapsOf({ channels, filters, kernel, groups }: Conv["geometry"], weights: readonly number[]) {
  const depth = channels / groups;
  for (const [at, weight] of weights.entries()) {
    const dx = at % kernel[1];
    const dy = Math.floor(at / kernel[1]) % kernel[0];
    const layer = Math.floor(at / kernel[1] / kernel[0]);
    const filter = Math.floor(layer / depth);
    const channel = Math.floor((filter * groups) / filters) * depth + (layer % depth);
    yield { filter, channel, dy, dx, weight };
  }
}

/** The pixels along one axis that a tap lands on, each with the window that it is in. */
function landings(size: number, offset: number, stride: number, windows: number): [pixel: number, window: number][] {
  const found: [number, number][] = [];
  for (let pixel = 0; pixel < size; pixel++) {
    const window = (pixel + offset) / stride;
    if (Number.isInteger(window) && window >= 0 && window < windows) found.push([pixel, window]);
  }
  return found;
}

function admit(tensor: string, index: number, interval: Interval | undefined, values: readonly bigint[]): void {
  for (const value of values) {
    if (interval === undefined || value < interval.lo || value > interval.hi) {
      throw new NarrowCertificateError(tensor, index, interval, value);
    }
  }
}

function endsOf({ lo, hi }: Interval): bigint[] {
  return [lo, hi];
}

function clamp(value: bigint, { lo, hi }: Interval): bigint {
  if (value < lo) return lo;
  return value > hi ? hi : value;
}

function ascending(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A number can leave the interval that a certificate claims for it. */
export class NarrowCertificateError extends Error {
  override readonly name = "NarrowCertificateError";
  readonly tensor: string;
  readonly index: number;

  constructor(tensor: string, index: number, interval: Interval | undefined, value: bigint) {
    const claim = interval === undefined ? "nothing" : `${interval.lo} to ${interval.hi}`;
    super(
      `Number ${index} of ${tensor} can be ${value}, but the certificate claims ${claim}. Do not use this model: build ` +
        "its certificate anew.",
    );
    this.tensor = tensor;
    this.index = index;
  }
}
