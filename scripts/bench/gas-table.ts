import type { GasRow } from "./gas-row.ts";

const HEADER = ["call", "from", "state", "n", "models", "gas", "per inference", "floor", "above floor"] as const;

/** A table for people. */
export function formatGas(rows: readonly GasRow[]): string {
  const cells = rows.map((row) => [
    row.call,
    row.funding ?? "",
    row.state,
    String(row.n),
    String(row.models),
    thousands(row.gas),
    thousands(row.gasPerInference),
    thousands(row.floor),
    `${(((row.gasPerInference - row.floor) / row.floor) * 100).toFixed(1)}%`,
  ]);
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => (column < 3 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  ");
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(HEADER), rule, ...cells.map(line), "", LEGEND].join("\n");
}

const LEGEND = `gas       of the whole transaction, calldata included; for verify, the verifier's execution alone
n         inferences in one call, of one agent, provider and prover
warm      every account already holds something; a tab's nonces lie in one word of storage that is in use
cold      nothing has happened before; a tab's nonces are random, so each fills a word of its own
floor     what precompiles, storage and the transaction cost by the chain's own prices; no code, calldata or event`;

function thousands(value: number): string {
  return value.toLocaleString("en-US");
}
