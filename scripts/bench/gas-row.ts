import type { StorageState } from "./floor.ts";

/** One measurement of gas. */
export type GasRow = {
  /** A function's name, or `verify` for the execution of the verifier alone. */
  readonly call: string;
  readonly funding: "tab" | "lock" | null;
  readonly state: StorageState;
  readonly n: number;
  readonly models: number;
  readonly gas: number;
  readonly gasPerInference: number;
  /** The least per inference that precompiles and storage allow. */
  readonly floor: number;
};

/** A row of `n` inferences. */
export function gasRow(row: Omit<GasRow, "gasPerInference" | "floor">, floor: number): GasRow {
  return { ...row, gasPerInference: Math.round(row.gas / row.n), floor: Math.round(floor / row.n) };
}
