/** Trains a network with one hidden layer for digits, and writes its file. Run it with `node models/digits-mlp-private/train.ts`. */
import { writeFileSync } from "node:fs";

import { SIDE } from "../data/digits.ts";
import { integerLayers } from "../training/integer-layers.ts";
import { writeLayers } from "../training/layers-file.ts";
import { trainDigits } from "../training/train-digits.ts";

const network = trainDigits({
  seed: 2,
  layers: [
    { filters: 56, kernel: SIDE, stride: 1, activation: "relu", bits: 3, pull: 0.03 },
    { filters: 10, kernel: 1, stride: 1, activation: "none", bits: 3, pull: 0 },
  ],
  epochs: { real: 60, rounded: 30 },
  rates: { real: 4e-3, rounded: 1e-3 },
  distortion: { resize: 0.12, slant: 0.12, shift: 1.5 },
});
writeFileSync(new URL("model.onnx", import.meta.url), writeLayers("digits-mlp-private", integerLayers(network)));
