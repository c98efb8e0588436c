/** Broken versions of a good text, by a seed: what programs with faults, and people with intentions, send. */
import type { Random } from "../helpers/random.ts";

const WORDS = [
  "null",
  "true",
  "-1",
  "1e400",
  "1e-400",
  "123456789012345678901234567890",
  '""',
  '"\\u0000"',
  '"__proto__"',
  '"constructor"',
  '"0x"',
  '"NaN"',
  "{}",
  "[]",
  '{"toString":1}',
  '{"__proto__":{"isAdmin":true}}',
  `"${"9".repeat(5000)}"`,
  `"0.${"1".repeat(5000)}"`,
  `${"[".repeat(3000)}${"]".repeat(3000)}`,
] as const satisfies readonly [string, ...string[]];

const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "hasOwnProperty",
  "toJSON",
  "salt",
  "input",
  "\u0000",
  "",
] as const;

/** Changes a text of JSON in one place, or in a few. */
export function mutantOf(text: string, random: Random): string {
  let mutant = text;
  for (let left = random.pick([1, 1, 1, 3]); left > 0; left--) {
    mutant = random.pick(CHANGES)(mutant, random);
  }
  return mutant;
}

type Change = (text: string, random: Random) => string;

const CHANGES: readonly [Change, ...Change[]] = [
  // A digit of a number, which may be in hex.
  (text, random) => replaceOne(text, /\d/g, String(random.below(10)), random),
  (text, random) => replaceOne(text, /(?<=\d)\d/g, random.pick(["a", "F", "0", "9"]), random),
  // A character more, less, or another.
  (text, random) => splice(text, random.below(text.length + 1), 0, String.fromCodePoint(random.below(0x250))),
  (text, random) => splice(text, random.below(text.length + 1), 1, ""),
  (text, random) => splice(text, random.below(text.length + 1), 1, String.fromCodePoint(random.below(128))),
  // A part of it, or a part twice.
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => splice(text, random.below(text.length + 1), random.below(40), ""),
  (text, random) => {
    const from = random.below(text.length + 1);
    return splice(text, random.below(text.length + 1), 0, text.slice(from, from + random.below(60)));
  },
  // Another value.
  (text, random) =>
    replaceOne(text, /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null/g, random.pick(WORDS), random),
  (text, random) => replaceOne(text, /\{[^{}]*\}|\[[^[\]]*\]/g, random.pick(WORDS), random),
  // Another name, or one more.
  (text, random) => replaceOne(text, /"(?:[^"\\]|\\.)*"(?=\s*:)/g, JSON.stringify(random.pick(NAMES)), random),
  (text, random) => replaceOne(text, /\{/g, `{${JSON.stringify(random.pick(NAMES))}:${random.pick(WORDS)},`, random),
  // One name twice.
  (text, random) =>
    replaceOne(text, /\}/g, `,"${random.pick(["input", "salt", "request", "nonce", "price"])}":1}`, random),
];

function splice(text: string, at: number, count: number, more: string): string {
  return text.slice(0, at) + more + text.slice(at + count);
}

/** Replaces one of the places where a pattern fits. */
function replaceOne(text: string, pattern: RegExp, by: string, random: Random): string {
  const places = [...text.matchAll(pattern)];
  const place = places[random.below(Math.max(places.length, 1))];
  return place === undefined ? text : splice(text, place.index, place[0].length, by);
}
