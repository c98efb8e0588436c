/** What the integers of a model's answer mean, as its manifest says. */
import { fractionFrom, multiply, toNumber } from "../rational.ts";
import type { Manifest } from "./manifest.ts";

/** A label, or numbers. */
export type Meaning = string | number | readonly number[];

/** @param numbers One for each field of the output. */
export function meaningOf({ output }: Pick<Manifest, "output">, numbers: readonly bigint[]): Meaning {
  const [first = 0n] = numbers;
  if (output.kind === "label") return output.labels?.[Number(first)] ?? Number(first);
  const values = numbers.map((number, index) => {
    return toNumber(multiply({ numerator: number, denominator: 1n }, fractionFrom(output.fields[index]?.scale ?? "1")));
  });
  return values.length === 1 ? (values[0] as number) : values;
}
