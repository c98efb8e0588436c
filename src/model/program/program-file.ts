/** A program as a file: canonical JSON, in which integers that may be of any size are decimal strings. */
import { canonicalJson, type Json } from "../../protocol/canonical-json.ts";
import { checkProgram } from "./check-program.ts";
import type { Program } from "./program.ts";
import { withoutSecrets } from "./secrets.ts";

const VERSION = 1;

/** What holds integers of any size. */
const LARGE: ReadonlySet<string> = new Set(["bias", "offsets", "base"]);

/** The same text for the same program, whoever writes it. Private weights are no part of it. */
export function writeProgram(program: Program): string {
  const json = JSON.stringify({ version: VERSION, ...withoutSecrets(program) }, (_, value: unknown) => {
    return typeof value === "bigint" ? value.toString() : value;
  });
  return canonicalJson(JSON.parse(json) as Json);
}

/** Reads a program, and refuses a text that is none. */
export function readProgram(text: string): Program {
  let data: Partial<Program> & { version?: number };
  try {
    data = JSON.parse(text, (key, value: unknown) => {
      return LARGE.has(key) && Array.isArray(value) ? value.map((each) => BigInt(each as string)) : value;
    }) as typeof data;
  } catch (cause) {
    throw new ProgramFileError("it is not JSON of integers", { cause });
  }
  if (typeof data !== "object" || data === null) throw new ProgramFileError("it is no object");
  const { version, input, steps, output } = data;
  if (version !== VERSION) throw new ProgramFileError(`its version is ${version}, and ${VERSION} is known`);
  if (input === undefined || steps === undefined || output === undefined) {
    throw new ProgramFileError("it lacks its input, its steps or its output");
  }
  const program = { input, steps, output };
  let canonical: string;
  try {
    checkProgram(program);
    canonical = writeProgram(program);
  } catch (cause) {
    // Lists that are none, and the like.
    if (!(cause instanceof TypeError)) throw cause;
    throw new ProgramFileError("its parts are not of the kinds that they should be", { cause });
  }
  // Private weights, for one, have no place in it: nothing would bind them to the key.
  if (canonical !== text) throw new ProgramFileError("it says more than a program, or in another spelling");
  return program;
}

/** A file holds no program. */
export class ProgramFileError extends Error {
  override readonly name = "ProgramFileError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`This is no program of a model: ${reason}. Build the model again.`, options);
  }
}
