/**
 * Trains the credit model: boosted trees on invented applications. Run it with `node models/credit-trees/train.ts`; every
 * run gives the same files.
 */
import { writeFileSync } from "node:fs";

import { boost, evenThresholds } from "../training/boosting.ts";
import { seededRandom } from "../training/random.ts";
import { csvOf, fieldsOf, onSteps } from "../training/table.ts";
import { writeTrees } from "../training/trees-file.ts";
import { DECISIONS, inventApplication } from "./applications.ts";

const SEED = 20_250_301;
const TRAINING_ROWS = 2500;
const HELD_OUT_ROWS = 1000;
const THRESHOLDS_A_FIELD = 12;
const BOOSTING = { trees: 48, depth: 3, rate: 0.3, penalty: 1, leastWeight: 3 };

const file = (name: string): URL => new URL(name, import.meta.url);
const fields = fieldsOf(file("model.json"));
const random = seededRandom(SEED);
const rows = Array.from({ length: TRAINING_ROWS + HELD_OUT_ROWS }, () => {
  const { inputs, isApproved } = inventApplication(random);
  return { inputs: onSteps(fields, inputs), answer: DECISIONS[isApproved ? 1 : 0] };
});
const training = rows.slice(0, TRAINING_ROWS);
const inputs = training.map((row) => row.inputs);
const answers = training.map(({ answer }) => answer === "approve");
const boosted = boost(inputs, answers, { ...BOOSTING, thresholds: evenThresholds(inputs, THRESHOLDS_A_FIELD) });

writeFileSync(file("model.onnx"), writeTrees("credit-trees", boosted, fields.length, DECISIONS));
writeFileSync(file("training.csv"), csvOf(fields, training));
writeFileSync(file("held-out.csv"), csvOf(fields, rows.slice(TRAINING_ROWS)));
