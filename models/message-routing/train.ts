/**
 * Trains the routing of messages: logistic regression on hashed words. Run it with
 * `node models/message-routing/train.ts`; every run gives the same files.
 */
import { writeFileSync } from "node:fs";

import { writeLayers } from "../training/layers-file.ts";
import { trainRegression } from "../training/logistic-regression.ts";
import { seededRandom } from "../training/random.ts";
import { csvOf, fieldsOf } from "../training/table.ts";
import { hashedWords } from "../training/words.ts";
import { DEPARTMENTS, inventMessage } from "./messages.ts";

const SEED = 20_250_302;
const TRAINING_ROWS = 500;
const HELD_OUT_ROWS = 500;
const DESCENT = { labels: DEPARTMENTS.length, steps: 600, rate: 1, decay: 0.002 };

const file = (name: string): URL => new URL(name, import.meta.url);
const fields = fieldsOf(file("model.json"));
const random = seededRandom(SEED);
const rows = Array.from({ length: TRAINING_ROWS + HELD_OUT_ROWS }, () => {
  const { text, department } = inventMessage(random);
  return { inputs: hashedWords(text, fields.length), answer: department };
});
const training = rows.slice(0, TRAINING_ROWS);
const regression = trainRegression(
  training.map(({ inputs, answer }) => ({ inputs, label: DEPARTMENTS.indexOf(answer) })),
  DESCENT,
);

writeFileSync(
  file("model.onnx"),
  writeLayers("message-routing", [{ kind: "linear", ...regression }, { kind: "Softmax" }]),
);
writeFileSync(file("training.csv"), csvOf(fields, training));
writeFileSync(file("held-out.csv"), csvOf(fields, rows.slice(TRAINING_ROWS)));
