/**
 * Trains the rent model: a small perceptron on invented apartments. Run it with `node models/apartment-rent/train.ts`;
 * every run gives the same files.
 */
import { writeFileSync } from "node:fs";

import { writePerceptron } from "../training/perceptron-file.ts";
import { trainPerceptron } from "../training/perceptron.ts";
import { seededRandom } from "../training/random.ts";
import { csvOf, fieldsOf, onSteps } from "../training/table.ts";
import { inventApartment } from "./apartments.ts";

const SEED = 20_250_303;
const TRAINING_ROWS = 3000;
const HELD_OUT_ROWS = 1000;
const TRAINING = { hidden: 6, passes: 600, rate: 0.01, batch: 30 };

const file = (name: string): URL => new URL(name, import.meta.url);
const fields = fieldsOf(file("model.json"));
const random = seededRandom(SEED);
const rows = Array.from({ length: TRAINING_ROWS + HELD_OUT_ROWS }, () => {
  const { inputs, rent } = inventApartment(random);
  return { inputs: onSteps(fields, inputs), answer: rent.toFixed(2) };
});
const training = rows.slice(0, TRAINING_ROWS);
const perceptron = trainPerceptron(
  training.map(({ inputs, answer }) => ({ inputs, target: Number(answer) })),
  random,
  TRAINING,
);

writeFileSync(file("model.onnx"), writePerceptron("apartment-rent", perceptron));
writeFileSync(file("training.csv"), csvOf(fields, training));
writeFileSync(file("held-out.csv"), csvOf(fields, rows.slice(TRAINING_ROWS)));
