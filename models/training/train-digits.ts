/** Trains a network to read digits: first with real weights, then with the integers that will be proven. */
import { inkOf, readDigits, SIDE, type Digit } from "../data/digits.ts";
import { Adam } from "./adam.ts";
import { distorted, type Distortion } from "./distortion.ts";
import { Network, type LayerPlan } from "./network.ts";
import { seededRandom, type Random } from "./random.ts";

export type TrainingPlan = {
  readonly seed: number;
  readonly layers: readonly LayerPlan[];
  /** How often all digits are seen with real weights, and again after each layer is rounded. */
  readonly epochs: { readonly real: number; readonly rounded: number };
  /** The first rates of all these; each falls evenly to nothing. */
  readonly rates: { readonly real: number; readonly rounded: number };
  readonly distortion: Distortion;
};

const BATCH = 50;
/** Digits that the size of the first weights is found with. */
const SAMPLES = 200;

/**
 * A network whose weights are integers. Layers are rounded one after the other, from the first on, so that those behind
 * learn to make up for it. It tells on the way how it does on the digits that it never learns from.
 */
export function trainDigits({ seed, layers, epochs, rates, distortion }: TrainingPlan): Network {
  const { training, heldOut } = readDigits();
  const random = seededRandom(seed);
  const network = new Network({ height: SIDE, width: SIDE, channels: 1 }, layers, random);
  const order = shuffled(training.length, random);
  network.balance(Array.from(order.subarray(0, SAMPLES), (at) => inkOf((training[at] as Digit).pixels)));

  const train = (phase: string, count: number, firstRate: number): void => {
    const adam = new Adam(network.learning.flatMap(({ weights, bias }) => [weights, bias]));
    const steps = count * Math.ceil(training.length / BATCH);
    let step = 0;
    for (let epoch = 1; epoch <= count; epoch++) {
      const seen = shuffled(training.length, random);
      for (let start = 0; start < seen.length; start += BATCH) {
        const batch = seen.subarray(start, start + BATCH);
        for (const at of batch) {
          const { pixels, label } = training[at] as Digit;
          network.learn(inkOf(distorted(pixels, distortion, random)), label);
        }
        adam.step(firstRate * (1 - step++ / steps), batch.length);
        for (const layer of network.learning) layer.refresh();
      }
      console.log(`${phase}, epoch ${epoch} of ${count}: ${percent(accuracyOf(network, heldOut))}`);
    }
  };
  train("real weights", epochs.real, rates.real);
  for (const at of layers.keys()) {
    network.roundNext();
    train(`layer ${at + 1} rounded`, epochs.rounded, rates.rounded);
  }
  return network;
}

/** The numbers from 0 to `count - 1`, in a random order. */
function shuffled(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

/** The part of the digits that a network reads right. */
function accuracyOf(network: Network, digits: readonly Digit[]): number {
  const right = digits.filter(({ pixels, label }) => {
    const scores = network.forward(inkOf(pixels));
    return scores.indexOf(scores.reduce((most, score) => Math.max(most, score))) === label;
  });
  return right.length / digits.length;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)}% of the held-out digits read right`;
}
