/** What a model is asked: inputs at which mistakes live, and random ones. */
import { seededRandom, type Random } from "../../models/training/random.ts";
import { executorOf } from "../../src/model/program/execute.ts";
import { intervalsOf, type Intervals } from "../../src/model/program/intervals.ts";
import { rowOf, type Term } from "../../src/model/program/linear-rows.ts";
import { isLeaf, isLinear, inputsOf, type Program, type Step, type TreeNode } from "../../src/model/program/program.ts";
import { opened } from "../../src/model/program/secrets.ts";
import type { Case, CaseKind } from "./comparison.ts";

type Fields = readonly number[];

/** Enough of the bounds of large layers. */
const MOST_BOUNDS = 500;
/** From how many inputs ties are searched, and for how long. */
const STARTS = 20;
const TRIES_A_START = 400;
const SALT_WORDS = 8;

/**
 * Inputs that one seed decides: the ends of all fields, the bounds of sums and bins of the input, ties between the two
 * highest scores as far as a short search finds them, and `count` random ones.
 *
 * @param rows Inputs from the model's data.
 */
export function casesOf(program: Program, rows: readonly Fields[], count: number, seed: number): Case[] {
  const random = seededRandom(seed);
  const { widths } = program.input;
  const ends = [widths.map(() => 0), widths.map(mostOf)];
  // A row of the data, of which a random part is drawn anew.
  const draw = (): Fields => {
    const [row, share] = [rows[random.below(rows.length)] ?? [], random.unit()];
    return widths.map((width, field) => {
      if (random.unit() >= share) return row[field] ?? 0;
      return [0, mostOf(width)][random.below(6)] ?? random.below(2 ** width);
    });
  };
  const make =
    (kind: CaseKind) =>
    (fields: Fields): Case => ({ kind, fields, salt: number(random), context: number(random) });
  return [
    ...ends.map(make("end")),
    ...boundsOf(program, draw).map(make("bound")),
    ...tiesOf(program, draw, random).map(make("tie")),
    ...Array.from({ length: count }, draw).map(make("random")),
  ];
}

function mostOf(width: number): number {
  return 2 ** width - 1;
}

/** At random below 2^240, and so below the field's size. */
function number(random: Random): bigint {
  let value = 0n;
  for (let word = 0; word < SALT_WORDS; word++) value = (value << 30n) | BigInt(random.below(2 ** 30));
  return value;
}

/** Inputs that take the sums of the first layers to both ends of their intervals, and trees to both sides of thresholds. */
function boundsOf(program: Program, draw: () => Fields): Fields[] {
  const intervals = intervalsOf(program);
  const readers = program.steps.filter(({ operation }) => inputsOf(operation).every((name) => name === "input"));
  const bounds = readers.flatMap((step) => sumBounds(step, program, intervals).concat(binBounds(step, program, draw)));
  // Evenly from all of them, the first and the last included.
  const count = Math.min(MOST_BOUNDS, bounds.length);
  return Array.from({ length: count }, (_, at) => bounds[Math.floor((at * (bounds.length - 1)) / (count - 1))] ?? []);
}

function sumBounds(step: Step, { input }: Program, intervals: Intervals): Fields[] {
  const { id, size, operation } = step;
  const known =
    operation.kind === "privateDense" ? opened(id, operation, size, intervals.get("input") ?? []) : operation;
  if (!isLinear(known)) return [];
  const end = (terms: readonly Term[], isHighest: boolean): Fields => {
    const fields = input.widths.map(() => 0);
    for (const { index, weight } of terms) {
      if (weight > 0 === isHighest) fields[index] = mostOf(input.widths[index] ?? 0);
    }
    return fields;
  };
  return Array.from({ length: size }, (_, row) => rowOf(known, row, [input.widths.length]).terms).flatMap((terms) => {
    return [end(terms, false), end(terms, true)];
  });
}

function binBounds({ operation }: Step, { input }: Program, draw: () => Fields): Fields[] {
  if (operation.kind !== "trees") return [];
  const sides: Fields[] = [];
  const visit = (node: TreeNode): void => {
    if (isLeaf(node)) return;
    for (const value of [node.threshold - 1, node.threshold]) {
      const isInside = value >= 0 && value <= mostOf(input.widths[node.feature] ?? 0);
      if (isInside) sides.push(draw().with(node.feature, value));
    }
    visit(node.below);
    visit(node.above);
  };
  for (const tree of operation.trees) visit(tree);
  return sides;
}

/** Inputs whose two highest scores are the same, for models that answer with the place of the highest. */
function tiesOf(program: Program, draw: () => Fields, random: Random): Fields[] {
  const last = program.steps.at(-1)?.operation;
  if (last?.kind !== "argmax" || last.length < 2) return [];
  const execute = executorOf(program);
  const gapOf = (fields: Fields): number => {
    const [first = 0, second = 0] = Array.from(execute(fields).get(last.input) ?? [], Number).toSorted((a, b) => b - a);
    return first - second;
  };
  const ties: Fields[] = [];
  for (let start = 0; start < STARTS; start++) {
    let best = draw();
    let gap = gapOf(best);
    for (let tries = 0; tries < TRIES_A_START && gap > 0; tries++) {
      const field = random.below(best.length);
      const next = best.with(field, random.below(2 ** (program.input.widths[field] ?? 0)));
      const nextGap = gapOf(next);
      if (nextGap <= gap) [best, gap] = [next, nextGap];
    }
    if (gap === 0) ties.push(best);
  }
  return ties;
}
