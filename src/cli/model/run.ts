import { parseArgs } from "node:util";

import { openModel } from "../../model/bundle/open.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only } from "../usage.ts";
import { INPUT_OPTIONS, inputFrom, saltFrom } from "./input.ts";
import { answerLine, saltLines } from "./words.ts";

export async function runModelCommand(args: readonly string[]): Promise<void> {
  const options = { ...COMMON, ...INPUT_OPTIONS } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const folder = only(positionals, "a built model's folder");
  const [input, salt] = [await inputFrom(values), saltFrom(values.salt)];
  await runSteps(values, "Running", 1, async (step) => {
    step.onStep?.("answering");
    const model = await openModel(folder);
    const answer = model.answer(input, salt);
    const lines = [
      answerLine(model, answer),
      `input    ${answer.input}`,
      `output   ${answer.output}`,
      ...saltLines(model, answer),
    ];
    return { json: { model: model.id, ...answer, salt: answer.salt.toString() }, text: lines.join("\n") };
  });
}
