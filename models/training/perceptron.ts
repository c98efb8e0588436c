/** Trains a perceptron with one hidden layer of tanh to answer one number. */
import { Adam } from "./adam.ts";
import type { Random } from "./random.ts";
import type { Trained } from "./weighted-layer.ts";

/** `output = outputBias + Σ outputWeights[h] * tanh(hiddenBias[h] + Σ hiddenWeights[h * columns + c] * input[c])`. */
export type Perceptron = {
  readonly columns: number;
  readonly hiddenWeights: readonly number[];
  readonly hiddenBias: readonly number[];
  readonly outputWeights: readonly number[];
  readonly outputBias: number;
};

export type TrainingRow = { readonly inputs: readonly number[]; readonly target: number };

export type Training = {
  readonly hidden: number;
  readonly passes: number;
  readonly rate: number;
  /** Rows that are looked at before each step. */
  readonly batch: number;
};

/** Learns the rows' targets by squared error. It learns from normalised numbers; the answer takes them as they are. */
export function trainPerceptron(
  rows: readonly TrainingRow[],
  random: Random,
  { hidden, passes, rate, batch }: Training,
): Perceptron {
  const columns = rows[0]?.inputs.length ?? 0;
  const spreads = Array.from({ length: columns }, (_, column) => spreadOf(rows.map((row) => row.inputs[column] ?? 0)));
  const targets = spreadOf(rows.map(({ target }) => target));
  const samples = rows.map((row) => ({
    inputs: spreads.map((spread, column) => normalised(row.inputs[column] ?? 0, spread)),
    target: normalised(row.target, targets),
  }));
  const parts: Parts = {
    hiddenWeights: trained(hidden * columns, () => random.normal() / Math.sqrt(columns)),
    hiddenBias: trained(hidden, () => 0),
    outputWeights: trained(hidden, () => random.normal() / Math.sqrt(hidden)),
    outputBias: trained(1, () => 0),
  };
  const adam = new Adam(Object.values(parts));
  const steps = Math.floor((passes * samples.length) / batch);
  for (let step = 0; step < steps; step++) {
    for (let count = 0; count < batch; count++) learn(parts, samples[random.below(samples.length)] as TrainingRow);
    // Falls to nothing towards the end, so that the last rows seen do not decide.
    adam.step(rate * (1 - step / steps), batch);
  }
  return unnormalised(parts, spreads, targets);
}

type Parts = {
  readonly hiddenWeights: Trained;
  readonly hiddenBias: Trained;
  readonly outputWeights: Trained;
  readonly outputBias: Trained;
};

function trained(size: number, start: () => number): Trained {
  return { values: Float64Array.from({ length: size }, start), slopes: new Float64Array(size) };
}

/** Adds the slopes of the loss for one row. */
function learn({ hiddenWeights, hiddenBias, outputWeights, outputBias }: Parts, { inputs, target }: TrainingRow): void {
  const activations = hiddenBias.values.map((bias, unit) => {
    let sum = bias;
    for (const [column, value] of inputs.entries()) {
      sum += (hiddenWeights.values[unit * inputs.length + column] ?? 0) * value;
    }
    return Math.tanh(sum);
  });
  let error = (outputBias.values[0] ?? 0) - target;
  for (const [unit, activation] of activations.entries()) error += (outputWeights.values[unit] ?? 0) * activation;
  raise(outputBias, 0, error);
  for (const [unit, activation] of activations.entries()) {
    raise(outputWeights, unit, error * activation);
    const slope = error * (outputWeights.values[unit] ?? 0) * (1 - activation * activation);
    raise(hiddenBias, unit, slope);
    for (const [column, value] of inputs.entries()) raise(hiddenWeights, unit * inputs.length + column, slope * value);
  }
}

function raise({ slopes }: Trained, at: number, by: number): void {
  slopes[at] = (slopes[at] ?? 0) + by;
}

type Spread = { readonly mean: number; readonly deviation: number };

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length;
  // A column that never changes teaches nothing, whatever its scale.
  return { mean, deviation: variance === 0 ? 1 : Math.sqrt(variance) };
}

function normalised(value: number, { mean, deviation }: Spread): number {
  return (value - mean) / deviation;
}

/** The same function, of numbers as they are. */
function unnormalised(parts: Parts, spreads: readonly Spread[], targets: Spread): Perceptron {
  const columns = spreads.length;
  const hiddenWeights = Array.from(parts.hiddenWeights.values, (weight, at) => {
    return weight / (spreads[at % columns]?.deviation ?? 1);
  });
  const hiddenBias = Array.from(parts.hiddenBias.values, (bias, unit) =>
    spreads.reduce((sum, { mean }, column) => sum - (hiddenWeights[unit * columns + column] ?? 0) * mean, bias),
  );
  return {
    columns,
    hiddenWeights,
    hiddenBias,
    outputWeights: Array.from(parts.outputWeights.values, (weight) => weight * targets.deviation),
    outputBias: targets.mean + targets.deviation * (parts.outputBias.values[0] ?? 0),
  };
}
