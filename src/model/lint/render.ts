/** A lint report as text. */
import { isSound, type Finding, type LintReport } from "./lint.ts";

/** More findings of one kind than this are counted, not listed. */
const MAX_LISTED = 8;
const MAX_CHANGES = 4;

const MEANINGS: Readonly<Record<Finding["kind"], string>> = {
  "not determined": "two witnesses with the same inputs differ in it, and every constraint holds for both",
  "unconstrained public signal": "a proof holds for any value of it",
  "unused input": "it is in no constraint",
  "unbound input": "no public signal fixes it, even if hashes fix what was hashed: the prover may choose it last",
};

/** The report, line by line, the verdict last. */
export function renderReport(report: LintReport): string {
  const { wires, constraints, witnesses, findings, unknown, outputsDetermined } = report;
  const rules = Object.entries(wires.byRule).map(([rule, count]) => `${count} by ${rule}`);
  const lines = [
    `${constraints} constraints, ${wires.total} wires, ${witnesses} witnesses mutated`,
    `determined      ${wires.determined} (${rules.join(", ")})`,
    `not determined  ${wires.notDetermined}`,
    `unknown         ${wires.unknown}`,
  ];
  for (const [kind, meaning] of Object.entries(MEANINGS)) {
    const found = findings.filter((finding) => finding.kind === kind);
    if (found.length > 0) lines.push("", `${kind}: ${meaning}`, ...list(found, describeFinding));
  }
  if (unknown.length > 0) {
    const meaning = "no rule shows it to be determined, and no second value was found";
    lines.push("", `unknown: ${meaning}`, ...list(unknown, (wire) => `wire ${wire}`));
  }
  return [...lines, "", verdict(isSound(report), outputsDetermined)].join("\n");
}

function describeFinding(finding: Finding): string {
  if (finding.kind !== "not determined") return `wire ${finding.wire}`;
  const { changes, witness } = finding.counterexample;
  const changed = [...changes].filter(([wire, value]) => value !== witness[wire]);
  const own = changed.filter(([wire]) => wire === finding.wire);
  const others = changed.filter(([wire]) => wire !== finding.wire);
  const shown = [...own, ...others]
    .slice(0, MAX_CHANGES)
    .map(([wire, value]) => `${wire}: ${witness[wire]} -> ${value}`);
  const more = changed.length > shown.length ? `, and ${changed.length - shown.length} more` : "";
  return `wire ${finding.wire} (${shown.join(", ")}${more})`;
}

function list<Item>(items: readonly Item[], describe: (item: Item) => string): string[] {
  const more = items.length - MAX_LISTED;
  return [
    ...items.slice(0, MAX_LISTED).map((item) => `  ${describe(item)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function verdict(isPassed: boolean, outputsDetermined: boolean): string {
  if (isPassed) return "PASSED: the inputs determine every wire, and nothing was found.";
  return outputsDetermined
    ? "FAILED. The inputs determine every public output all the same."
    : "FAILED. The inputs are not shown to determine every public output.";
}
