/**
 * A trained network's layers as their file has them. Weights are integers over a power of two, and so are biases: each
 * number is exact in the file, and quantising it to the bits that it was trained for gives the same integers again.
 */
import type { TrainedLayer } from "./layers-file.ts";
import type { Network, Stage } from "./network.ts";

export function integerLayers({ stages }: Network): TrainedLayer[] {
  let step = 1;
  return stages.flatMap((stage, index): TrainedLayer[] => {
    const unit = 1 / 2 ** (stage.bits - 1);
    step *= unit;
    const isFlat = index === 0 || isDense(stages[index - 1] as Stage);
    const trained = layerOf(stage, unit, step);
    if (stage.activation === "square") step *= step;
    const before: TrainedLayer[] = isDense(stage) && !isFlat ? [{ kind: "Flatten" }] : [];
    return [...before, trained, ...ACTIVATIONS[stage.activation]];
  });
}

const ACTIVATIONS: Readonly<Record<Stage["activation"], readonly TrainedLayer[]>> = {
  relu: [{ kind: "Relu" }],
  square: [{ kind: "Square" }],
  none: [],
};

/** Whether a layer reads everything at once. */
function isDense({ layer: { input, windows } }: Stage): boolean {
  return windows.kernel === input.height && windows.kernel === input.width;
}

function layerOf(stage: Stage, unit: number, step: number): TrainedLayer {
  const { layer, bits } = stage;
  const { input, windows } = layer;
  const { channels } = input;
  const { kernel, filters, stride } = windows;
  const integers = layer.integers();
  const largest = integers.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  if (largest !== 2 ** (bits - 1) - 1) throw new UnusedBitsError(largest, bits);
  const weights = new Float64Array(integers.weights.length);
  let at = 0;
  for (let filter = 0; filter < filters; filter++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let place = 0; place < kernel * kernel; place++) {
        weights[at++] = (integers.weights[(place * channels + channel) * filters + filter] as number) * unit;
      }
    }
  }
  const bias = integers.bias.map((value) => value * step);
  if (isDense(stage)) return { kind: "linear", columns: weights.length / filters, weights, bias };
  return { kind: "conv", channels, kernel, stride, weights, bias };
}

/** Quantising takes the largest weight for the largest integer, so that one must be. */
export class UnusedBitsError extends Error {
  override readonly name = "UnusedBitsError";

  constructor(largest: number, bits: number) {
    super(
      `No weight of a layer with ${bits} bits is larger than ${largest}, so that fewer bits would do. Plan it with fewer, ` +
        "or train it longer.",
    );
  }
}
