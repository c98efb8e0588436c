/**
 * Layers with weights. Planes are row, column, channel; a layer that reads everything at once is a convolution whose
 * kernel is as large as the plane.
 */
import type { Random } from "./random.ts";

export type Plane = { readonly height: number; readonly width: number; readonly channels: number };

/** Square kernels of so many rows, moved by `stride` rows and columns. */
export type Windows = { readonly filters: number; readonly kernel: number; readonly stride: number };

/** Numbers that are trained, the slopes of the loss for them, and the slope with which zero pulls at each, if it does. */
export type Trained = { readonly values: Float64Array; readonly slopes: Float64Array; readonly pull?: number };

/** Weights and biases as the integers that will be proven. */
export type Integers = { readonly weights: Int32Array; readonly bias: Float64Array };

export class WeightedLayer {
  readonly input: Plane;
  readonly windows: Windows;
  readonly output: Plane;
  /** Kernel row, kernel column, channel, filter. */
  readonly weights: Trained;
  readonly bias: Trained;
  /** What the sums are made with: the trained numbers, or the nearest that few bits hold. */
  readonly #usedWeights: Float64Array;
  readonly #usedBias: Float64Array;
  readonly #runs: Int32Array;
  readonly #runLength: number;
  #grid: Grid | undefined;
  #read: Float64Array = new Float64Array();

  constructor(input: Plane, windows: Windows, pull: number, random: Random) {
    const { filters, kernel, stride } = windows;
    this.input = input;
    this.windows = windows;
    this.output = {
      height: Math.floor((input.height - kernel) / stride) + 1,
      width: Math.floor((input.width - kernel) / stride) + 1,
      channels: filters,
    };
    this.#runs = runsOf(input, windows, this.output);
    this.#runLength = kernel * input.channels;
    this.weights = trained(kernel * kernel * input.channels * filters, pull);
    this.bias = trained(filters, 0);
    for (const at of this.weights.values.keys()) this.weights.values[at] = 2 * random.unit() - 1;
    this.#usedWeights = this.weights.values.slice();
    this.#usedBias = new Float64Array(filters);
  }

  forward(input: Float64Array): Float64Array {
    this.#read = input;
    const { filters } = this.windows;
    const [runs, length] = [this.#runs, this.#runLength];
    const output = new Float64Array(sizeOf(this.output));
    const [weights, bias] = [this.#usedWeights, this.#usedBias];
    for (let start = 0; start < output.length; start += filters) output.set(bias, start);
    for (let run = 0; run < runs.length; run += RUN) {
      const [from, to] = [runs[run] as number, runs[run + 2] as number];
      let first = runs[run + 1] as number;
      for (let place = 0; place < length; place++, first += filters) {
        const value = input[from + place] as number;
        if (value === 0) continue;
        for (let filter = 0; filter < filters; filter++) {
          output[to + filter] = (output[to + filter] as number) + value * (weights[first + filter] as number);
        }
      }
    }
    return output;
  }

  /** Adds to the slopes of weights and biases, given those of the output. */
  collect(slopes: Float64Array): void {
    const { filters } = this.windows;
    const [runs, length] = [this.#runs, this.#runLength];
    const [input, weights, bias] = [this.#read, this.weights.slopes, this.bias.slopes];
    for (let at = 0; at < slopes.length; at++) {
      const filter = at % filters;
      bias[filter] = (bias[filter] as number) + (slopes[at] as number);
    }
    for (let run = 0; run < runs.length; run += RUN) {
      const [from, to] = [runs[run] as number, runs[run + 2] as number];
      let first = runs[run + 1] as number;
      for (let place = 0; place < length; place++, first += filters) {
        const value = input[from + place] as number;
        if (value === 0) continue;
        for (let filter = 0; filter < filters; filter++) {
          weights[first + filter] = (weights[first + filter] as number) + value * (slopes[to + filter] as number);
        }
      }
    }
  }

  /** The slopes for the input, given those of the output. */
  backward(slopes: Float64Array): Float64Array {
    const { filters } = this.windows;
    const [runs, length] = [this.#runs, this.#runLength];
    const weights = this.#usedWeights;
    const result = new Float64Array(sizeOf(this.input));
    for (let run = 0; run < runs.length; run += RUN) {
      const [from, to] = [runs[run] as number, runs[run + 2] as number];
      let first = runs[run + 1] as number;
      for (let place = 0; place < length; place++, first += filters) {
        let sum = 0;
        for (let filter = 0; filter < filters; filter++) {
          sum += (weights[first + filter] as number) * (slopes[to + filter] as number);
        }
        result[from + place] = (result[from + place] as number) + sum;
      }
    }
    return result;
  }

  /** From now on the sums are made with weights of so many bits. Answers what one step of the sums stands for. */
  roundTo(bits: number, inputStep: number): number {
    const most = 2 ** (bits - 1) - 1;
    const weightStep = closestStep(this.weights.values, most);
    this.#grid = { most, weightStep, biasStep: weightStep * inputStep };
    this.refresh();
    return this.#grid.biasStep;
  }

  /** Takes over the trained numbers after a step of training. */
  refresh(): void {
    const [weights, bias] = [this.weights.values, this.bias.values];
    if (this.#grid === undefined) {
      this.#usedWeights.set(weights);
      this.#usedBias.set(bias);
      return;
    }
    const { most, weightStep, biasStep } = this.#grid;
    for (const [at, value] of weights.entries()) {
      // What is far off the grid would take long to come back.
      const kept = limited(value, most * weightStep);
      weights[at] = kept;
      this.#usedWeights[at] = Math.round(kept / weightStep) * weightStep;
    }
    for (const [at, value] of bias.entries()) this.#usedBias[at] = Math.round(value / biasStep) * biasStep;
  }

  /** Multiplies all weights, before training starts. */
  scale(factor: number): void {
    for (const [at, value] of this.weights.values.entries()) this.weights.values[at] = value * factor;
    this.refresh();
  }

  integers(): Integers {
    if (this.#grid === undefined) throw new NotRoundedError();
    const { weightStep, biasStep } = this.#grid;
    return {
      weights: Int32Array.from(this.#usedWeights, (value) => Math.round(value / weightStep)),
      bias: this.#usedBias.map((value) => Math.round(value / biasStep)),
    };
  }
}

/** The rows of a layer's windows: where each starts in the input, in the weights, and where its sums are. */
function runsOf({ width, channels }: Plane, { kernel, stride, filters }: Windows, output: Plane): Int32Array {
  const runs: number[] = [];
  for (let row = 0; row < output.height; row++) {
    for (let column = 0; column < output.width; column++) {
      const to = (row * output.width + column) * filters;
      for (let y = 0; y < kernel; y++) {
        runs.push(((row * stride + y) * width + column * stride) * channels, y * kernel * channels * filters, to);
      }
    }
  }
  return Int32Array.from(runs);
}

/** How many numbers tell of one row of a window. */
const RUN = 3;

/** How large one step of weights and of biases is, and how many steps a weight may be. */
type Grid = { readonly most: number; readonly weightStep: number; readonly biasStep: number };

export function sizeOf({ height, width, channels }: Plane): number {
  return height * width * channels;
}

function trained(size: number, pull: number): Trained {
  return { values: new Float64Array(size), slopes: new Float64Array(size), pull };
}

function limited(value: number, most: number): number {
  return Math.min(Math.max(value, -most), most);
}

/** Of sixty steps, the one at which rounding moves the weights least: a few large weights may be cut. */
function closestStep(weights: Float64Array, most: number): number {
  const largest = weights.reduce((best, weight) => Math.max(best, Math.abs(weight)), 0);
  let [best, least] = [largest / most, Infinity];
  for (let part = 1; part <= 60; part++) {
    const step = (largest * part) / 60 / most;
    const error = weights.reduce((sum, weight) => {
      return sum + (weight - limited(Math.round(weight / step), most) * step) ** 2;
    }, 0);
    if (error < least) [best, least] = [step, error];
  }
  return best;
}

/** Integers are asked of a layer that still has real weights. */
export class NotRoundedError extends Error {
  override readonly name = "NotRoundedError";

  constructor() {
    super("The layer's weights are real numbers. Round them first, and train on with the rounded ones.");
  }
}
