import { parseArgs } from "node:util";

import { openModel } from "../../model/bundle/open.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only } from "../usage.ts";
import { INPUT_OPTIONS, inputFrom, saltFrom } from "./input.ts";

export async function runModelCommand(args: readonly string[]): Promise<void> {
  const options = { ...COMMON, ...INPUT_OPTIONS } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const folder = only(positionals, "a built model's folder");
  const [input, salt] = [await inputFrom(values), saltFrom(values.salt)];
  await runSteps(values, "Running", 1, async (step) => {
    step.onStep?.("answering");
    const model = await openModel(folder);
    const { manifest, id } = model;
    const answer = model.answer(input, salt);
    const name = `${manifest.output.name}${manifest.output.unit === undefined ? "" : ` (${manifest.output.unit})`}`;
    const lines = [
      `${name}: ${[answer.value].flat().join(", ")}`,
      `input   ${answer.input}`,
      `output  ${answer.output}`,
      ...(manifest.input.visibility === "hidden" ? [`salt    ${answer.salt}, which the proof will need`] : []),
    ];
    return { json: { model: id, ...answer, salt: answer.salt.toString() }, text: lines.join("\n") };
  });
}
