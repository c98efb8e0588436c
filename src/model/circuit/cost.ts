/** What a circuit costs, known before it is compiled. */
import { elementsOf } from "../../protocol/commitment.ts";
import { soleWire } from "./expression.ts";
import type { Cost, Gadget } from "./gadgets.ts";
import { PUBLIC_SIGNALS } from "../signals.ts";
import type { Plan } from "./plan.ts";

export type CostLine = Cost & {
  readonly layer: string;
  readonly gadget: Gadget | "CommitInput" | "CommitOutput" | "BindContext";
  readonly count: number;
};

export type CostReport = {
  readonly lines: readonly CostLine[];
  /** Constraints that multiply. */
  readonly constraints: number;
  /** All that circom's default optimisation leaves. */
  readonly rows: number;
  /** The domain is 2^this: what proving costs first of all. */
  readonly domainBits: number;
  /** Signals that a verifier sees, or that a key absorbs: each takes a row of the domain. */
  readonly publicWires: number;
};

/** How many rounds of Poseidon have one S-box, for states of 2 to 17 elements. */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];

/** Counts a planned circuit's constraints, layer by layer and gadget by gadget. */
export function costOf({ program, instances, checked, packed, weights }: Plan): CostReport {
  const { input, output } = program;
  const lines = new Map<string, CostLine>();
  const add = (layer: string, gadget: CostLine["gadget"], cost: Cost): void => {
    const key = JSON.stringify([layer, gadget]);
    const line = lines.get(key) ?? { layer, gadget, count: 0, nonlinear: 0, linear: 0 };
    lines.set(key, {
      ...line,
      count: line.count + 1,
      nonlinear: line.nonlinear + cost.nonlinear,
      linear: line.linear + cost.linear,
    });
  };
  add("input", "CommitInput", inputCost(input.widths, checked, input.visibility === "hidden"));
  for (const { layer, gadget, cost } of instances) add(layer, gadget, cost);
  // A public answer is one linear constraint, unless it is one wire, which then is the signal.
  const publicAnswer = { nonlinear: 0, linear: soleWire(packed) === undefined ? 1 : 0 };
  add("output", "CommitOutput", output.visibility === "hidden" ? poseidonCost(4, 1) : publicAnswer);
  add("context", "BindContext", { nonlinear: 1, linear: 0 });
  if (weights > 0) add("blinding", "BindContext", { nonlinear: 1, linear: 0 });
  const publicWires = PUBLIC_SIGNALS + (weights > 0 ? weights + 1 : 0);
  const all = [...lines.values()];
  const constraints = all.reduce((sum, { nonlinear }) => sum + nonlinear, 0);
  const rows = all.reduce((sum, { linear }) => sum + linear, constraints);
  return { lines: all, constraints, rows, publicWires, domainBits: Math.ceil(Math.log2(rows + publicWires + 1)) };
}

function inputCost(widths: readonly number[], checked: readonly boolean[], isHidden: boolean): Cost {
  const ranges = widths.reduce((sum, width, field) => sum + (checked[field] === true ? width : 0), 0);
  const elements = elementCount(widths);
  if (!isHidden && elements === 1) return { nonlinear: ranges, linear: 1 };
  let hashes: Cost = { nonlinear: ranges, linear: 0 };
  const hash = (inputs: number, constants: number): void => {
    const { nonlinear, linear } = poseidonCost(inputs + 1, constants);
    hashes = { nonlinear: hashes.nonlinear + nonlinear, linear: hashes.linear + linear };
  };
  hash(2 + Math.min(14, elements), isHidden ? 1 : 2);
  for (let left = elements - 14; left > 0; left -= 15) hash(1 + Math.min(15, left), 0);
  return hashes;
}

function elementCount(widths: readonly number[]): number {
  return elementsOf(
    widths,
    widths.map(() => 0n),
  ).length;
}

/** Three constraints an S-box, but none for what is constant in the first round; one makes the hash a wire. */
function poseidonCost(state: number, constants: number): Cost {
  const boxes = 8 * state + (PARTIAL_ROUNDS[state - 2] ?? 0);
  return { nonlinear: 3 * (boxes - 1 - constants), linear: 1 };
}
