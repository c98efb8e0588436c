import { join } from "node:path";
import { parseArgs } from "node:util";

import { buildCircuit, buildModel } from "../../model/bundle/build.ts";
import { DEVELOPMENT_PHASE1, phase1Path } from "../../model/phase1.ts";
import { reportOf } from "../../model/report/report.ts";
import { textOf } from "../../model/report/text.ts";
import { DEVELOPMENT } from "../development.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only, UsageError, wholeNumber } from "../usage.ts";

const STEPS = 12;

export async function buildCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...COMMON,
      out: { type: "string" },
      phase1: { type: "string" },
      ceremony: { type: "string" },
      "circuit-only": { type: "boolean", default: false },
      limit: { type: "string" },
    },
    allowPositionals: true,
  });
  const folder = only(positionals, "a model's folder");
  const { out = join(folder, "build"), ceremony } = values;
  const phase1 = phase1Path(values.phase1);
  const limit = values.limit === undefined ? undefined : wholeNumber("--limit", values.limit);
  if (values["circuit-only"]) {
    if (ceremony !== undefined || phase1 !== undefined) {
      throw new UsageError("--circuit-only makes no key: leave out --ceremony and --phase1.");
    }
    await runSteps(values, "Building", STEPS, async (step) => {
      const { derived, ...files } = await buildCircuit(folder, out, { ...step, limit });
      const report = reportOf(derived);
      return { json: { ...files, report }, text: `${textOf(report)}\n\nWrote the circuit to ${files.folder}.` };
    });
    return;
  }
  const setup = ceremony === undefined ? { phase1: phase1 ?? DEVELOPMENT_PHASE1.path } : { ceremony, phase1 };
  await runSteps(values, "Building", STEPS, async (step) => {
    const { derived, ...built } = await buildModel(folder, out, { ...step, limit, setup });
    const report = reportOf(derived);
    const lines = [textOf(report), "", `Built ${built.id}`, `in ${built.folder}.`];
    if (built.isDevelopment) lines.push(DEVELOPMENT);
    return { json: { ...built, report }, text: lines.join("\n") };
  });
}
