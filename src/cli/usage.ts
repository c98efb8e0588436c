/** The command line asks for something that there is not. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs a command, and ends the process with its code: 2, with `usage`, if it was called in a way that it does not know;
 * 1 if it could not do what was asked, with the reason, as JSON where JSON was asked for.
 */
export async function runCommand(usage: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const { name, message } = error as Error;
    if (isUsageError(error)) {
      process.stderr.write(`${message}\n\n${usage}\n`);
      process.exitCode = 2;
      return;
    }
    if (!isOwn(error)) throw error;
    if (process.argv.includes("--json")) print(JSON.stringify({ error: { name, message } }));
    else process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The value of an option that there must be. */
export function required<Value>(option: string, value: Value | undefined): Value {
  if (value === undefined) throw new UsageError(`${option} is missing.`);
  return value;
}

/** The one name that a command takes beside its options. */
export function only(positionals: readonly string[], what: string): string {
  const [first] = positionals;
  if (first === undefined) throw new UsageError(`Name ${what}.`);
  if (positionals.length > 1) throw new UsageError(`Name ${what}, and nothing else, got ${positionals.join(", ")}.`);
  return first;
}

export function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) === 0) {
    throw new UsageError(`${option} takes a whole number above zero, got ${JSON.stringify(text)}.`);
  }
  return Number(text);
}

/** Whether a command was called in a way that it does not know: by its own word, or by that of `parseArgs`. */
export function isUsageError(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

/** Errors with a name of their own say all there is to say, and so do files that cannot be read; others are faults. */
function isOwn(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isFault = ["Error", "TypeError", "RangeError", "ReferenceError", "SyntaxError"].includes(error.name);
  return !isFault || ("code" in error && "syscall" in error);
}
