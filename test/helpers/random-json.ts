/** JSON of any kind, with the characters and numbers that canonical forms stumble over. */
import type { Json } from "../../src/protocol/canonical-json.ts";
import { times, type Random } from "./random.ts";

/** Of all that JSON escapes, orders and encodes in its own way. */
const LETTERS = [
  "a",
  "Z",
  "0",
  "9",
  '"',
  "\\",
  "/",
  "\n",
  "\u0000",
  "\u001F",
  "\u007F",
  "é",
  "\u2028",
  "€",
  "😀",
  "\uFB33",
];

export function randomText(random: Random): string {
  return times(1 + random.below(6), () => LETTERS[random.below(LETTERS.length)]).join("");
}

function randomNumber(random: Random): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, random.uint(64));
  const value = view.getFloat64(0);
  // A negative zero is written as zero.
  return Number.isFinite(value) ? value + 0 : random.below(1000);
}

export function randomJson(random: Random, depth: number): Json {
  const kind = random.below(depth > 0 ? 6 : 4);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return randomNumber(random);
  if (kind < 4) return randomText(random);
  const values = times(random.below(5), () => randomJson(random, depth - 1));
  if (kind === 4) return values;
  return Object.fromEntries(values.map((each) => [randomText(random), each]));
}
