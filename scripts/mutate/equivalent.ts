/**
 * Mutants that no test can notice, each with its reason. An entry names its mutant by what it does to which line of
 * which function, so that it outlives edits elsewhere; an entry without a mutant, or whose mutant a test notices after
 * all, fails the run.
 */
import type { Mutant } from "./mutants.ts";

export type Equivalent = Pick<Mutant, "file" | "within" | "before" | "after"> & {
  /** Which one of those that read the same, if not the first. */
  readonly occurrence?: number;
  readonly reason: string;
};

const ORDERS =
  "P stands for zero, and a point with x = 0 would have order three, one with y = 0 order two: the group's order is another prime.";

export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: "contracts/Escrow.sol",
    within: "_checkGas",
    before: "if (available < CALL_COST || ((available - CALL_COST) * 63) / 64 < required) {",
    after: "if (available <= CALL_COST || ((available - CALL_COST) * 63) / 64 < required) {",
    reason: "With exactly CALL_COST left nothing is left for the call, and the second half of the condition holds.",
  },
  {
    file: "contracts/Escrow.sol",
    within: "_checkGas",
    before: "if (available < CALL_COST || ((available - CALL_COST) * 63) / 64 < required) {",
    after: "if (available < CALL_COST || ((available - CALL_COST) * 63) / 64 <= required) {",
    reason:
      "Asks for up to two units of gas more, of a call that gets what it is promised either way: CALL_COST is an upper " +
      "bound, so the exact unit at which a call is refused is nothing that anyone can rely on.",
  },
  {
    file: "contracts/verifiers/Groth16Verifier.sol",
    within: "_addProof",
    before: "Words.store(work + 0x80, power);",
    after: "{}",
    occurrence: 2,
    reason: "The scalar of the product before is still behind the point: the store keeps the two products alike.",
  },
  {
    file: "contracts/libraries/BN254.sol",
    within: "isValid",
    before: "if (point.x >= P || point.y >= P) return false;",
    after: "if (point.x > P || point.y >= P) return false;",
    reason: ORDERS,
  },
  {
    file: "contracts/libraries/BN254.sol",
    within: "isValid",
    before: "if (point.x >= P || point.y >= P) return false;",
    after: "if (point.x >= P || point.y > P) return false;",
    reason: ORDERS,
  },
  ...[
    "(point.xImaginary | point.xReal | point.yImaginary)",
    "(point.xImaginary | point.xReal | point.yReal)",
    "(point.yImaginary | point.yReal)",
    "(point.xImaginary | point.yImaginary | point.yReal)",
    "(point.xReal | point.yImaginary | point.yReal)",
    "(point.yReal)",
  ].map((operands) => ({
    file: "contracts/libraries/BN254.sol",
    within: "isValid",
    before: "if ((point.xImaginary | point.xReal | point.yImaginary | point.yReal) == 0) return false;",
    after: `if (${operands} == 0) return false;`,
    reason:
      "Besides infinity it would refuse points with x = 0 or y = 0, which are not in the subgroup, or with a y that is " +
      "purely imaginary: of those about one is in it, and nobody can find it.",
  })),
];

/** Whether an entry of the list means this mutant. */
export function isMeant(entry: Equivalent, mutant: Mutant): boolean {
  return (
    entry.file === mutant.file &&
    entry.within === mutant.within &&
    entry.before === mutant.before &&
    entry.after === mutant.after &&
    (entry.occurrence ?? 1) === mutant.occurrence
  );
}
