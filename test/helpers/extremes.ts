/** Inputs that take a program's numbers as far as they go. */
import type { Executor, Tensor } from "../../src/model/program/execute.ts";
import { times, type Random } from "./random.ts";

/** How often all fields are gone through: what one field's end is worth may depend on the others. */
const ROUNDS = 2;

/** For each number of each tensor two inputs, at which it is as small and as large as turning fields to their ends makes it. */
export function extremesOf(widths: readonly number[], execute: Executor, random: Random): (readonly number[])[] {
  const lowest = widths.map(() => 0);
  const found = new Map<string, readonly number[]>();
  for (const [tensor, numbers] of execute(lowest)) {
    for (const index of numbers.keys()) {
      for (const sign of [1n, -1n]) {
        const start = widths.map((width) => random.below(2 ** width));
        const reached = climb(start, widths, (input) => sign * numberIn(execute(input), tensor, index));
        found.set(reached.join(), reached);
      }
    }
  }
  return [...found.values()];
}

/** For a sum of fields this finds its greatest value: each weight's sign picks its field's end. */
function climb(
  start: readonly number[],
  widths: readonly number[],
  height: (input: readonly number[]) => bigint,
): readonly number[] {
  const fields = times(ROUNDS, () => [...widths.keys()]).flat();
  return fields.reduce<readonly number[]>((best, field) => {
    const ends = [0, 2 ** (widths[field] ?? 0) - 1].map((end) => best.with(field, end));
    return [best, ...ends].reduce((a, b) => (height(b) > height(a) ? b : a));
  }, start);
}

function numberIn(tensors: ReadonlyMap<string, Tensor>, tensor: string, index: number): bigint {
  return BigInt(tensors.get(tensor)?.[index] ?? 0);
}
