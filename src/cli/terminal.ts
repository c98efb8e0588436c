/** Questions to whoever sits at the terminal. They go to the error stream: the output is for answers. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

import { UsageError } from "./usage.ts";

/**
 * Asks for a secret, and shows nothing of what is typed.
 *
 * @param variable Where the secret could have been instead.
 */
export async function askHidden(question: string, variable = "ASSAY_KEYSTORE_PASSWORD"): Promise<string> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  checkTerminal(`Set ${variable}, or run this on a terminal to be asked.`);
  process.stderr.write(question);
  try {
    return await ask("", silence);
  } finally {
    process.stderr.write("\n");
  }
}

/** Whether the answer to a question is yes. */
export async function confirm(question: string): Promise<boolean> {
  checkTerminal("Give --yes, or run this on a terminal to be asked.");
  const answer = await ask(`${question} [y/N] `, process.stderr);
  return /^y(es)?$/i.test(answer.trim());
}

async function ask(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = lines.question(question).catch((cause: unknown) => {
      throw new InterruptedError({ cause });
    });
    return await Promise.race([answer, interruption(lines)]);
  } finally {
    lines.close();
  }
}

/** Whoever presses Ctrl-D wants to leave as well; `question` alone would wait on. */
async function interruption(lines: NodeJS.EventEmitter): Promise<never> {
  return new Promise((_resolve, reject) => {
    lines.once("close", () => reject(new InterruptedError()));
  });
}

function checkTerminal(hint: string): void {
  if (!process.stdin.isTTY) throw new UsageError(`There is no terminal to ask a question on. ${hint}`);
}

/** A question was left without an answer. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  constructor(options?: ErrorOptions) {
    super("Nothing was done: a question was left without an answer.", options);
  }
}
