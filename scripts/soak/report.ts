/** What a soak found, for people, and whether it is good. */
import type { SoakReport } from "./run.ts";

/** What a process may grow by after its warm-up: garbage that is collected late comes to less, and a leak to more. */
export const MOST_GROWTH = 128;

/** Why a soak failed; nothing where it did not. */
export function faultsIn({ requests, answered, refused, settled, differences, memory, ...rest }: SoakReport): string[] {
  return [
    ...(refused === 0 ? [] : [`${refused} requests were refused, the first: ${rest.firstRefusal?.slice(0, 200)}`]),
    ...(answered + refused === requests ? [] : [`${requests - answered - refused} requests were not sent`]),
    ...(settled === answered ? [] : [`${answered - settled} answers were not settled`]),
    ...differences,
    ...memory
      .filter(({ growth }) => growth > MOST_GROWTH)
      .map(({ name, growth }) => `${name} grew by ${growth} MB after its warm-up, and ${MOST_GROWTH} MB is the most`),
  ];
}

export function formatSoak(report: SoakReport): string {
  const rows: readonly (readonly [string, string])[] = [
    ["asked, answered, refused", `${report.requests}, ${report.answered}, ${report.refused}`],
    ["settled, in transactions", `${report.settled}, ${report.transactions}`],
    ["gas of a settled answer", String(report.gasPerInference)],
    ["proofs a minute", String(report.proofsPerMinute)],
    ["time", `${report.seconds} s`],
    ...report.memory.map(({ name, first, last, most, slope }): readonly [string, string] => [
      `memory of ${name}`,
      `${first} MB first, ${last} MB last, ${most} MB most, ${slope} MB for 1,000 requests`,
    ]),
    ["books", report.differences.length === 0 ? "exact" : `${report.differences.length} differences`],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  const faults = faultsIn(report);
  return [
    `${report.model}, store: ${report.store}`,
    ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`),
    ...faults.slice(0, 20).map((fault) => `FAULT: ${fault}`),
    ...(faults.length > 20 ? [`and ${faults.length - 20} more`] : []),
  ].join("\n");
}
