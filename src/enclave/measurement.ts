/** What a platform measured of the code that an enclave runs, and the root that the platform's word goes back to. */
import { keccak256, stringToHex, type Hex } from "viem";
import { z } from "zod";

import { canonicalJson } from "../protocol/canonical-json.ts";
import { wordSchema } from "../protocol/wire.ts";

const registerSchema = z.string().regex(/^0x[0-9a-f]{96}$/, "must be 48 bytes in lower-case hex");

/** The root is the SHA-256 of its certificate: what a simulator measured can never pass for what a platform measured. */
export const measurementSchema = z.discriminatedUnion("platform", [
  z.strictObject({
    platform: z.literal("nitro"),
    root: wordSchema,
    registers: z.strictObject({ pcr0: registerSchema, pcr1: registerSchema, pcr2: registerSchema }),
  }),
  z.strictObject({
    platform: z.literal("tdx"),
    root: wordSchema,
    registers: z.strictObject({
      mrtd: registerSchema,
      rtmr0: registerSchema,
      rtmr1: registerSchema,
      rtmr2: registerSchema,
      rtmr3: registerSchema,
    }),
  }),
  z.strictObject({
    platform: z.literal("sgx"),
    root: wordSchema,
    registers: z.strictObject({ mrenclave: wordSchema }),
  }),
]);

export type Measurement = z.output<typeof measurementSchema>;

export type Platform = Measurement["platform"];

/** As models, policies and the verifier name it. */
export function hashMeasurement(measurement: Measurement): Hex {
  return keccak256(stringToHex(canonicalJson(measurement)));
}
