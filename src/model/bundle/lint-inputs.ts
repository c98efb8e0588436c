import type { Program } from "../program/program.ts";
import type { CircuitInputs } from "../witness.ts";

/** Inputs at which defects show: all fields at their least, where scores tie; at their most; and in turns. */
export function lintInputs({ input }: Program, weights: number): CircuitInputs[] {
  const { widths, visibility } = input;
  const ends = [
    widths.map(() => 0n),
    widths.map((width) => 2n ** BigInt(width) - 1n),
    widths.map((width, field) => (field % 2 === 0 ? 0n : 2n ** BigInt(width) - 1n)),
  ];
  return ends.map((fields, at): CircuitInputs => {
    const context = BigInt(at + 1);
    const salt = visibility === "hidden" ? { salt: BigInt(at + 7) } : {};
    // With weights of zero every input has a witness.
    const zeros = { weights: Array.from({ length: weights }, () => 0n), blinding: BigInt(at + 11) };
    return Object.assign({ fields, context }, salt, weights > 0 ? zeros : {});
  });
}
