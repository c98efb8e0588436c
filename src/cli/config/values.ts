/**
 * The values that a config is made of. Each message says what is expected: what was given is added by who reports it.
 * The first check that fails is the last, for later ones would read what is no such value.
 */
import { resolve } from "node:path";

import { getAddress, isAddress, isHash, zeroAddress, type Hex } from "viem";
import { z } from "zod";

import type { ProvingProgram } from "../../prover/proving-program.ts";
import type { PriceSource } from "../../prover/price-source.ts";
import { DOLLARS, DOLLARS_EXPECTED, unitsOf } from "./dollars.ts";

const UNITS_LIMIT = 2n ** 96n;

/** An object that knows its keys: any other is refused, with these. */
export function section<Shape extends z.ZodRawShape>(shape: Shape, description: string) {
  const known = Object.keys(shape).join(", ");
  return z
    .strictObject(shape, {
      error: ({ code }) => (code === "unrecognized_keys" ? `one of ${known}` : `an object with some of ${known}`),
    })
    .describe(description);
}

/** Zero or more dollars, in token units. */
export function dollars(description: string) {
  return z
    .string(DOLLARS_EXPECTED)
    .regex(DOLLARS, { error: DOLLARS_EXPECTED, abort: true })
    .refine((text) => unitsOf(text) < UNITS_LIMIT, { error: "an amount that the contracts can count", abort: true })
    .describe(description)
    .transform(unitsOf);
}

/** A whole number from one to another. */
export function whole(least: number, most: number, description: string) {
  const expected = `a whole number from ${least} to ${most}`;
  return z.int(expected).min(least, expected).max(most, expected).describe(description);
}

export function flag(description: string) {
  return z.boolean("true or false").describe(description);
}

/** A file or a folder; one that is not absolute begins where the config is. */
export function path(folder: string, description: string) {
  const expected = "the path of a file or folder";
  return z
    .string(expected)
    .min(1, expected)
    .describe(description)
    .transform((text) => resolve(folder, text));
}

const HTTP_EXPECTED = "an address that begins with http:// or https://";

/** Where something is served over HTTP, without a slash at the end. */
export function httpUrl(description: string) {
  return z
    .string(HTTP_EXPECTED)
    .regex(/^https?:\/\//, { error: HTTP_EXPECTED, abort: true })
    .refine((text) => URL.canParse(text), HTTP_EXPECTED)
    .describe(description)
    .transform((text) => text.replace(/\/+$/, ""));
}

const POSTGRES_EXPECTED = "an address that begins with postgres:// or postgresql://";

/** Where a PostgreSQL server is. */
export function postgresUrl(description: string) {
  return z
    .string(POSTGRES_EXPECTED)
    .regex(/^postgres(ql)?:\/\//, { error: POSTGRES_EXPECTED, abort: true })
    .refine((text) => URL.canParse(text), POSTGRES_EXPECTED)
    .describe(description);
}

const CONTRACT_EXPECTED = "the address of a contract, with a correct checksum";

export function contract(description: string) {
  return z
    .string(CONTRACT_EXPECTED)
    .refine((text) => isContract(text), { error: CONTRACT_EXPECTED, abort: true })
    .describe(description)
    .transform((text) => getAddress(text));
}

const WORD_EXPECTED = "32 bytes in hex that begin with 0x";

/** A hash; `findExposed` has to know where one may stand, which looks like a private key. */
export function word(description: string) {
  return z
    .string(WORD_EXPECTED)
    .refine((text) => isHash(text), { error: WORD_EXPECTED, abort: true })
    .describe(description)
    .transform((text) => text.toLowerCase() as Hex);
}

/** What proves: `snarkjs`, or the binary of rapidsnark at a path. */
export function engine(folder: string, description: string) {
  const expected = '"snarkjs" or "rapidsnark:PATH"';
  return z
    .string(expected)
    .regex(/^(snarkjs|rapidsnark:.+)$/, { error: expected, abort: true })
    .describe(description)
    .transform((text): ProvingProgram => {
      if (text === "snarkjs") return { kind: "snarkjs" };
      return { kind: "rapidsnark", path: resolve(folder, text.slice(text.indexOf(":") + 1)) };
    });
}

/** Where the price of the chain's coin comes from, which decides whether a fee covers its gas. */
export function priceSource(description: string) {
  const expected = '"none", "fixed:DOLLARS" or "feed:ADDRESS"';
  return z
    .string(expected)
    .regex(/^(none|fixed:.+|feed:.+)$/, { error: expected, abort: true })
    .refine((text) => !text.startsWith("fixed:") || isPrice(text.slice(6)), "fixed:DOLLARS, such as fixed:3000")
    .refine((text) => !text.startsWith("feed:") || isContract(text.slice(5)), "feed: and the address of a price feed")
    .describe(description)
    .transform((text): PriceSource => {
      if (text.startsWith("fixed:")) return { kind: "fixed", usdPerEther: Number(text.slice(6)) };
      if (text.startsWith("feed:")) return { kind: "feed", address: getAddress(text.slice(5)) };
      return { kind: "none" };
    });
}

function isPrice(text: string): boolean {
  return DOLLARS.test(text) && unitsOf(text) > 0n;
}

function isContract(text: string): boolean {
  return isAddress(text) && text !== zeroAddress;
}
