/** A network of layers with weights, and what stands between them. */
import type { Random } from "./random.ts";
import { sizeOf, WeightedLayer, type Plane, type Windows } from "./weighted-layer.ts";

/** What is done to each sum: nothing to the last layer's, which are the scores. */
export type Activation = "relu" | "square" | "none";

export type LayerPlan = Windows & {
  readonly activation: Activation;
  /** How many bits its weights take in the end, sign included. */
  readonly bits: number;
  /** The slope with which zero pulls at each of its weights. */
  readonly pull: number;
};

export type Stage = { readonly layer: WeightedLayer; readonly activation: Activation; readonly bits: number };

export class Network {
  readonly stages: readonly Stage[];
  /** How many layers are rounded, and what one step of the last one's numbers stands for. */
  #rounded = 0;
  #step = 1;

  constructor(input: Plane, plans: readonly LayerPlan[], random: Random) {
    let plane = input;
    this.stages = plans.map(({ activation, bits, pull, ...windows }) => {
      const layer = new WeightedLayer(plane, windows, pull, random);
      plane = layer.output;
      return { layer, activation, bits };
    });
  }

  /** The scores of the classes. */
  forward(input: Float64Array): Float64Array {
    return this.#sums(input).at(-1) as Float64Array;
  }

  /** Adds the slopes of the loss for one sample, whose label is known. */
  learn(input: Float64Array, label: number): void {
    const sums = this.#sums(input);
    let slopes = softmax(sums.at(-1) as Float64Array);
    slopes[label] = (slopes[label] as number) - 1;
    for (let at = this.stages.length - 1; at >= this.#firstLearning; at--) {
      const { layer } = this.stages[at] as Stage;
      layer.collect(slopes);
      if (at === this.#firstLearning) break;
      const before = sums[at - 1] as Float64Array;
      const { activation } = this.stages[at - 1] as Stage;
      slopes = layer.backward(slopes).map((slope, index) => slope * slopeOf(activation, before[index] as number));
    }
  }

  /** Makes each layer's sums about as large as one, so that training starts well whatever the shape. */
  balance(samples: readonly Float64Array[]): void {
    for (const [at, { layer }] of this.stages.entries()) {
      const sums = samples.map((sample) => this.#sums(sample)[at] as Float64Array);
      const squares = sums.reduce((total, each) => total + each.reduce((sum, value) => sum + value * value, 0), 0);
      layer.scale(1 / Math.sqrt(squares / samples.length / sizeOf(layer.output)));
    }
  }

  /** From now on the next layer calculates with as few bits as it was planned with, and those before it learn no more. */
  roundNext(): void {
    const next = this.stages[this.#rounded];
    if (next === undefined) throw new AllRoundedError();
    this.#step = next.layer.roundTo(next.bits, this.#step);
    if (next.activation === "square") this.#step *= this.#step;
    this.#rounded += 1;
  }

  /** The layers that still learn. */
  get learning(): readonly WeightedLayer[] {
    return this.stages.slice(this.#firstLearning).map(({ layer }) => layer);
  }

  /** The layer that was rounded last learns to be good as it is; those before it are settled. */
  get #firstLearning(): number {
    return Math.max(0, this.#rounded - 1);
  }

  /** What each layer sums up, before its activation. */
  #sums(input: Float64Array): Float64Array[] {
    let values = input;
    return this.stages.map(({ layer, activation }) => {
      const sums = layer.forward(values);
      values = sums.map((sum) => activate(activation, sum));
      return sums;
    });
  }
}

function activate(activation: Activation, sum: number): number {
  if (activation === "square") return sum * sum;
  return activation === "relu" && sum < 0 ? 0 : sum;
}

function slopeOf(activation: Activation, sum: number): number {
  if (activation === "square") return 2 * sum;
  return activation === "relu" && sum < 0 ? 0 : 1;
}

function softmax(scores: Float64Array): Float64Array {
  const most = scores.reduce((best, score) => Math.max(best, score));
  const powers = scores.map((score) => exponential(score - most));
  const sum = powers.reduce((total, power) => total + power);
  return powers.map((power) => power / sum);
}

/** `(1 + x / 1024)^1024`: near enough to e^x, and of products alone, which all engines round alike. */
function exponential(exponent: number): number {
  let power = Math.max(0, 1 + exponent / 1024);
  for (let squaring = 0; squaring < 10; squaring++) power *= power;
  return power;
}

/** More layers are to be rounded than there are. */
export class AllRoundedError extends Error {
  override readonly name = "AllRoundedError";

  constructor() {
    super("All layers are rounded already. Round each once.");
  }
}
