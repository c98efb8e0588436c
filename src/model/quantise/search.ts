/** Finds the cheapest widths at which the integers still answer as the floats do. */
import { costOf } from "../circuit/cost.ts";
import { planCircuit } from "../circuit/plan.ts";
import type { DataRow } from "../data.ts";
import type { Graph } from "../graph.ts";
import { codecsOf, type ModelSource, type Widths } from "../source.ts";
import { agreementOf, floatAnswersOf } from "./agreement.ts";
import { calibrate } from "./calibrate.ts";
import { quantise, type QuantisedModel } from "./quantise.ts";

export const DEFAULT_AGREEMENT = 0.99;

const NARROWEST = 3;
const WIDEST = 16;
/** Enough rows to tell one width from the next. */
const ROWS = 500;

export type Found = QuantisedModel & { readonly widths: Widths };

/** Quantises with the widths that the source names, or else with the cheapest that agree. */
export function searchWidths(
  graph: Graph,
  source: ModelSource,
  rows: readonly DataRow[],
  onTry: (words: string) => void = () => {},
): Found {
  const ranges = calibrate(
    graph,
    rows.map(({ inputs }) => Float64Array.from(inputs)),
  );
  const codecs = codecsOf(source);
  const sample = rows.slice(0, ROWS);
  const floats = floatAnswersOf(graph, source, sample);
  const target = source.agreement ?? DEFAULT_AGREEMENT;
  const tryOut = (widths: Widths): { found: Found; agreement: number; rows: number } => {
    const model = quantise(graph, source, ranges, widths);
    const { agreement } = agreementOf(model, floats, source, codecs, sample);
    const { rows: cost } = costOf(planCircuit(model.program, model.intervals));
    onTry(`${widths.weights} bits of weights, ${widths.activations} of activations: ${(100 * agreement).toFixed(1)}%`);
    return { found: { ...model, widths }, agreement, rows: cost };
  };
  const { weights, activations } = source.widths ?? {};
  const isSettled = weights !== undefined && activations !== undefined;
  if (isSettled) return tryOut({ ...source.widths, weights, activations }).found;

  let best: ReturnType<typeof tryOut> | undefined;
  let closest: ReturnType<typeof tryOut> | undefined;
  for (let bits = NARROWEST; bits <= WIDEST; bits++) {
    const tried = tryOut({ ...source.widths, weights: weights ?? bits, activations: activations ?? bits });
    if (closest === undefined || tried.agreement > closest.agreement) closest = tried;
    if (tried.agreement < target) continue;
    best = tried;
    break;
  }
  if (best === undefined) throw new NoAgreementError(target, closest?.agreement ?? 0);
  // From there on narrow each kind alone, for as long as it costs less and still agrees.
  for (const kind of ["weights", "activations"] as const) {
    for (
      let bits = (best.found.widths[kind] ?? 0) - 1;
      source.widths?.[kind] === undefined && bits >= NARROWEST;
      bits--
    ) {
      const tried = tryOut({ ...best.found.widths, [kind]: bits });
      if (tried.agreement < target) break;
      if (tried.rows < best.rows) best = tried;
    }
  }
  return best.found;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)}%`;
}

/** No width makes integers answer as the floats. */
export class NoAgreementError extends Error {
  override readonly name = "NoAgreementError";

  constructor(target: number, best: number) {
    super(
      `At no width up to ${WIDEST} bits do the integers answer as the floats on ${percent(target)} of the rows; the best is ` +
        `${percent(best)}. Check that the fields' ranges and steps hold the data, or ask for less agreement.`,
    );
  }
}
