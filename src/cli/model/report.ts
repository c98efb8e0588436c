import { join } from "node:path";
import { parseArgs } from "node:util";

import { deriveModel } from "../../model/build-model.ts";
import { FILES } from "../../model/bundle/files.ts";
import { writeAt } from "../../model/files.ts";
import { cardOf } from "../../model/report/card.ts";
import { pageOf } from "../../model/report/page.ts";
import { reportOf } from "../../model/report/report.ts";
import { textOf } from "../../model/report/text.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only } from "../usage.ts";

const STEPS = 4;

export async function reportCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...COMMON, html: { type: "string" }, card: { type: "string" } },
    allowPositionals: true,
  });
  const folder = only(positionals, "a model's folder");
  await runSteps(values, "Reporting", STEPS, async (step) => {
    const derived = await deriveModel(folder, step);
    const report = reportOf(derived);
    const { html = join(folder, FILES.page), card } = values;
    await writeAt(html, pageOf(report));
    if (card !== undefined) await writeAt(card, cardOf(report, derived.source));
    return { json: { ...report, page: html }, text: `${textOf(report)}\n\nWith plots: ${html}` };
  });
}
