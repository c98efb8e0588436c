/** The config of all commands: one JSON file, and what the environment says instead. See docs/config.md. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { z } from "zod";

import { findExposed } from "./config/exposed.ts";
import { configSchema, type Config } from "./config/schema.ts";
import { httpUrl, postgresUrl } from "./config/values.ts";

/** Where the config is unless `--config` says otherwise. */
export const CONFIG_FILE = "assay.json";

/** The variables that go before the file. */
export type ConfigEnvironment = {
  readonly [name in "ASSAY_RPC" | "DATABASE_URL"]?: string | undefined;
};

/** Reads and checks a config. Relative paths in it begin where the file is. */
export async function readConfig(file: string, environment: ConfigEnvironment): Promise<Config> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new NoConfigError(file, { cause });
  });
  let given: unknown;
  try {
    given = JSON.parse(text) as unknown;
  } catch {
    // The cause would quote the file.
    throw new ConfigError(file, ["it is not JSON"]);
  }
  const exposed = findExposed(given);
  if (exposed !== undefined) throw new ExposedSecretError(file, pathText(exposed.path), exposed.looksLike);
  const rpc = fromEnvironment("ASSAY_RPC", environment, httpUrl(""));
  const url = fromEnvironment("DATABASE_URL", environment, postgresUrl(""));
  const found = configSchema(dirname(resolve(file))).safeParse(withRpc(given, rpc), { reportInput: true });
  if (!found.success) throw new ConfigError(file, found.error.issues.flatMap(linesOf));
  return url === undefined ? found.data : { ...found.data, store: { url } };
}

/** The config that is named, or else the one in this folder; undefined if nobody named one and there is none. */
export async function findConfig(
  named: string | undefined,
  environment: ConfigEnvironment,
): Promise<Config | undefined> {
  if (named !== undefined) return readConfig(named, environment);
  try {
    return await readConfig(CONFIG_FILE, environment);
  } catch (error) {
    if (error instanceof NoConfigError && error.isAbsent) return undefined;
    throw error;
  }
}

function fromEnvironment(
  name: keyof ConfigEnvironment,
  environment: ConfigEnvironment,
  schema: z.ZodType<string>,
): string | undefined {
  const text = environment[name];
  if (text === undefined || text === "") return undefined;
  const found = schema.safeParse(text);
  if (!found.success) throw new BadVariableError(name, found.error.issues[0]?.message ?? "something else");
  return found.data;
}

function withRpc(given: unknown, rpc: string | undefined): unknown {
  const read = z.looseObject({ chain: z.looseObject({}) }).safeParse(given);
  return rpc === undefined || !read.success ? given : { ...read.data, chain: { ...read.data.chain, rpc } };
}

/** One line for each mistake, whose message says what is expected. */
function linesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${pathText([...issue.path, key])} is not known: it must be ${issue.message}`);
  }
  const path = pathText(issue.path);
  if (issue.input === undefined) return [`${path} is missing: it must be ${issue.message}`];
  return [`${path} must be ${issue.message}, got ${quoted(issue.input)}`];
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text === "" ? "the config" : text.replace(/^\./, "");
}

function quoted(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  // An address may have a key in its path.
  if (typeof value === "string" && value.includes("//")) return "another address";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** There is no config to read. */
export class NoConfigError extends Error {
  override readonly name = "NoConfigError";
  /** Rather than one that may not be read. */
  readonly isAbsent: boolean;

  constructor(file: string, { cause }: { cause: unknown }) {
    super(`The config ${file} cannot be read. Write one as docs/config.md shows, or name another with --config.`, {
      cause,
    });
    this.isAbsent = (cause as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** A config says something that makes no sense. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly mistakes: readonly string[];

  constructor(file: string, mistakes: readonly string[]) {
    super(`The config ${file} has to be mended: ${mistakes.join("; ")}. docs/config.md tells of each key.`);
    this.mistakes = mistakes;
  }
}

/** A secret is in a file that is copied, shown and committed. */
export class ExposedSecretError extends Error {
  override readonly name = "ExposedSecretError";

  constructor(file: string, path: string, looksLike: string) {
    super(
      `The config ${file} has what looks like ${looksLike} at ${path}, and a config is no place for secrets. Put a key ` +
        'into a key file with "assay keystore import FILE", or a secret into the environment; and if anybody else has ' +
        "seen this file, use another secret.",
    );
  }
}

/** A variable of the environment makes no sense. */
export class BadVariableError extends Error {
  override readonly name = "BadVariableError";

  constructor(variable: string, expected: string) {
    super(`${variable} must be ${expected}.`);
  }
}
