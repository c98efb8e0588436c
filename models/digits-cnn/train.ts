/**
 * Trains the convolutional network for digits, and writes its file. Its activations are squares, each of which costs a
 * proof one constraint. Run it with `node models/digits-cnn/train.ts`; it takes some minutes.
 */
import { writeFileSync } from "node:fs";

import { SIDE } from "../data/digits.ts";
import { integerLayers } from "../training/integer-layers.ts";
import { writeLayers } from "../training/layers-file.ts";
import { trainDigits } from "../training/train-digits.ts";

const network = trainDigits({
  seed: 1,
  layers: [
    { filters: 8, kernel: 8, stride: 4, activation: "square", bits: 3, pull: 0.02 },
    { filters: 14, kernel: 3, stride: 1, activation: "square", bits: 4, pull: 0.02 },
    { filters: 10, kernel: 4, stride: 1, activation: "none", bits: 4, pull: 0.005 },
  ],
  epochs: { real: 40, rounded: 12 },
  rates: { real: 6e-3, rounded: 1.5e-3 },
  distortion: { resize: 0.12, slant: 0.12, shift: 1.5 },
});
const file = writeLayers("digits-cnn", integerLayers(network), [1, SIDE, SIDE]);
writeFileSync(new URL("model.onnx", import.meta.url), file);
