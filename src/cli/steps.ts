/** Commands that take several steps: a progress line on the error stream, then one answer, in words or as JSON. */
import type { StepOptions } from "../model/ceremony/step.ts";
import { startProgress } from "./progress.ts";
import { print, wholeNumber } from "./usage.ts";

/** What a command found out: as JSON, and in words. */
export type Outcome = { readonly json: unknown; readonly text: string; readonly exitCode?: number };

/** What all of these commands take. */
export const COMMON = {
  "time-limit": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Runs a command under a progress bar, and prints what it found.
 *
 * @param steps How many steps it takes at most.
 */
export async function runSteps(
  values: { readonly json: boolean; readonly "time-limit"?: string | undefined },
  label: string,
  steps: number,
  command: (step: StepOptions) => Promise<Outcome>,
): Promise<void> {
  const limit = values["time-limit"];
  const timeLimitSeconds = limit === undefined ? undefined : wholeNumber("--time-limit", limit);
  const progress = startProgress(label, steps);
  let [begun, current] = [0, ""];
  try {
    const {
      json,
      text,
      exitCode = 0,
    } = await command({
      timeLimitSeconds,
      onStep(words) {
        if (begun > 0) progress.advance();
        begun += 1;
        current = words;
        progress.note(words);
      },
      onProgress(words) {
        // A log would be flooded.
        if (process.stderr.isTTY) progress.note(`${current}: ${words}`);
      },
    });
    progress.end();
    print(values.json ? JSON.stringify(json, replaceBigint, 2) : text);
    process.exitCode = exitCode;
  } finally {
    progress.end();
  }
}

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
}
