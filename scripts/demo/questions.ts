/** What is asked of the demo's models: rows that were held out of training, and messages of customers. */
import { readFile } from "node:fs/promises";

import { hashedWords } from "../../models/training/words.ts";

/** Folders in `models/`: a logistic regression, 48 boosted trees, and a text model of 128 hashed words. */
export const MODELS = ["iris", "credit-trees", "message-routing"] as const;

export type Question = {
  readonly model: (typeof MODELS)[number];
  readonly input: readonly string[] | Readonly<Record<string, readonly number[]>>;
  /** For people. */
  readonly text: string;
};

/** One that is asked alone. */
export const FLOWER: Question = { model: "iris", input: ["5.1", "3.5", "1.4", "0.2"], text: "5.1 3.5 1.4 0.2" };

const MESSAGES = [
  "My invoice for March says 60 euros, which is wrong.",
  "The wifi disconnects every evening.",
  "I want to switch to the gigabit plan.",
  "Where is your nearest shop?",
  "I was charged twice in May.",
  "I cannot log in, my password is not accepted.",
] as const;

const WORD_BUCKETS = 128;
/** Neighbours in a file are alike: every so many rows one is asked. */
const STRIDE = 5;

/** As many questions to each model as there are messages, in turn. */
export async function questions(): Promise<Question[]> {
  const [flowers, applications] = await Promise.all([rowsOf("iris"), rowsOf("credit-trees")]);
  return MESSAGES.flatMap((message, index): Question[] => [
    rowAt("iris", flowers, index),
    rowAt("credit-trees", applications, index),
    { model: "message-routing", input: { "has word": hashedWords(message, WORD_BUCKETS) }, text: message },
  ]);
}

function rowAt(model: Question["model"], rows: readonly (readonly string[])[], index: number): Question {
  const input = rows[index * STRIDE] ?? [];
  return { model, input, text: input.join(" ") };
}

/** The inputs of a file's rows, without the answers in the last column. */
async function rowsOf(model: string): Promise<string[][]> {
  const file = new URL(`../../models/${model}/held-out.csv`, import.meta.url);
  const [, ...rows] = (await readFile(file, "utf8")).trim().split("\n");
  return rows.map((row) => row.trim().split(",").slice(0, -1));
}
