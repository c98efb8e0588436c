/** The config of the program inside an enclave. Nothing in it is secret: all that matters of it is in its statement. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { z } from "zod";

import { attestedManifestSchema } from "../../enclave/manifest.ts";
import { measurementSchema } from "../../enclave/measurement.ts";
import type { ServingPolicy } from "../../enclave/statement.ts";
import { addressSchema, wordSchema } from "../../protocol/wire.ts";
import { httpUrl, path, section, whole } from "../config/values.ts";

export const ENCLAVE_CONFIG_FILE = "enclave.json";

const HOUR = 3600;
const DAY = 24 * HOUR;
/** No verifier takes a later expiry. */
const LONGEST_VALIDITY = 90 * DAY;
const MOST_CHAIN_ID = 4_294_967_295;

/** A provider learns what its enclave measures only by running it. */
const modelSchema = z.strictObject({ ...attestedManifestSchema.shape, enclave: measurementSchema.optional() });

function enclaveConfigSchema(folder: string) {
  return section(
    {
      chain: whole(1, MOST_CHAIN_ID, "The chain's id."),
      escrow: addressSchema,
      verifier: addressSchema,
      gateways: z.array(addressSchema).min(1).max(16),
      platform: z.discriminatedUnion("platform", [
        z.strictObject({
          platform: z.literal("nitro"),
          internal: httpUrl("Where nitriding takes what is to be attested."),
          external: httpUrl("Where nitriding serves documents."),
          simulatedRoot: wordSchema.optional(),
        }),
        z.strictObject({
          platform: z.literal("tdx"),
          socket: path(folder, "The socket of dstack's guest agent."),
          pccs: httpUrl("Where Intel's collateral is had."),
          simulatedRoot: wordSchema.optional(),
        }),
      ]),
      models: z.array(modelSchema).min(1).max(64),
      validity: whole(HOUR, LONGEST_VALIDITY, "Seconds for which its key is vouched for at once.").default(30 * DAY),
      listen: section(
        {
          host: z.string("a host's name").min(1, "a host's name").default("127.0.0.1"),
          port: whole(0, 65_535, "Port to listen on; 0 for any that is free.").default(8403),
        },
        "Where the enclave listens.",
      ).prefault({}),
    },
    "Config of assay enclave.",
  );
}

export type EnclaveConfig = z.output<ReturnType<typeof enclaveConfigSchema>>;

export type PlatformConfig = EnclaveConfig["platform"];

/** Reads and checks a config. Relative paths in it begin where the file is. */
export async function readEnclaveConfig(file: string): Promise<EnclaveConfig> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new NoEnclaveConfigError(file, { cause });
  });
  let given: unknown;
  try {
    given = JSON.parse(text) as unknown;
  } catch {
    // The cause would quote the file.
    throw new EnclaveConfigError(file, ["it is not JSON"]);
  }
  const found = enclaveConfigSchema(dirname(resolve(file))).safeParse(given);
  if (found.success) return found.data;
  const mistakes = found.error.issues.map(({ path: at, message }) => `${at.join(".") || "the config"}: ${message}`);
  throw new EnclaveConfigError(file, mistakes);
}

/** What the enclave is told to do; each of its models names the enclave's code. */
export function policyOf(file: string, { chain, escrow, verifier, models }: EnclaveConfig): ServingPolicy {
  const measured = models.map(({ enclave, ...rest }) => {
    if (enclave === undefined) throw new UnmeasuredModelError(file, rest.name);
    return { ...rest, enclave };
  });
  return { version: 1, chainId: chain, escrow, verifier, models: measured };
}

/** There is no config to read. */
export class NoEnclaveConfigError extends Error {
  override readonly name = "NoEnclaveConfigError";

  constructor(file: string, options?: ErrorOptions) {
    super(
      `The enclave's config ${file} cannot be read. Write one as "assay enclave --help" shows, or name another.`,
      options,
    );
  }
}

/** A config says something that makes no sense. */
export class EnclaveConfigError extends Error {
  override readonly name = "EnclaveConfigError";

  constructor(file: string, mistakes: readonly string[]) {
    super(`The enclave's config ${file} has to be mended: ${mistakes.join("; ")}. "assay enclave --help" tells of it.`);
  }
}

/** Nobody knows yet what code answers for a model. */
export class UnmeasuredModelError extends Error {
  override readonly name = "UnmeasuredModelError";

  constructor(file: string, name: string) {
    super(
      `The model ${name} of ${file} does not name the enclave's code. Run "assay enclave model --attest --out FILE" ` +
        "inside the enclave, and use the config that it writes.",
    );
  }
}
