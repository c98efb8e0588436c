/** Which operators are known, by domain and name. */
import { ACTIVATION } from "./activation.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { CLASSICAL } from "./classical.ts";
import { CONVOLUTION } from "./convolution.ts";
import { KNOWN } from "./known.ts";
import { CLASSICAL_LOOKUP, LABELS, LOOKUP } from "./lookup.ts";
import { MATMUL } from "./matmul.ts";
import { MOVING } from "./moving.ts";
import type { Domain } from "./opset.ts";
import type { Operator, Operators } from "./operator.ts";
import { REDUCTION } from "./reduction.ts";
import { RESHAPING } from "./reshaping.ts";
import { SVM } from "./svm.ts";
import { TREES } from "./trees.ts";

/** Those that calculate with the elements of their first input. */
const CALCULATING: Readonly<Record<Domain, Operators>> = {
  "": { ...ARITHMETIC, ...MATMUL, ...CONVOLUTION, ...ACTIVATION, ...REDUCTION, ...MOVING, ...LOOKUP },
  "ai.onnx.ml": { ...CLASSICAL, ...SVM, ...TREES, ...CLASSICAL_LOOKUP },
};

/** Those that take any input as it is. */
const INDIFFERENT: Readonly<Record<Domain, Operators>> = {
  "": { ...KNOWN, ...RESHAPING },
  "ai.onnx.ml": LABELS,
};

/** What imports a node, and whether it must be calculated when all its inputs are constant. */
export function operatorOf(domain: Domain, name: string): { operator: Operator; calculates: boolean } | undefined {
  const calculating = own(CALCULATING[domain], name);
  if (calculating !== undefined) return { operator: calculating, calculates: true };
  const indifferent = own(INDIFFERENT[domain], name);
  return indifferent && { operator: indifferent, calculates: false };
}

/** For messages. */
export function supportedNames(domain: Domain): string[] {
  return Object.keys({ ...CALCULATING[domain], ...INDIFFERENT[domain] }).toSorted();
}

const own = (operators: Operators, name: string): Operator | undefined =>
  Object.hasOwn(operators, name) ? operators[name] : undefined;
