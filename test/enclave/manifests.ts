/** A manifest of a chat model, to be changed. */
import type { AttestedManifest } from "../../src/enclave/manifest.ts";
import type { Measurement } from "../../src/enclave/measurement.ts";

const register = (digit: string): `0x${string}` => `0x${digit.repeat(96)}`;

export const NITRO: Measurement = {
  platform: "nitro",
  root: `0x${"ab".repeat(32)}`,
  registers: { pcr0: register("1"), pcr1: register("2"), pcr2: register("3") },
};

export function manifestOf(changes: Partial<AttestedManifest> = {}): AttestedManifest {
  return {
    version: 1,
    name: "large",
    purpose: "Answers.",
    kind: "chat",
    enclave: NITRO,
    upstream: { url: "http://127.0.0.1:8000", model: "llama" },
    price: { base: "1000", input: "2000000", output: "8000000" },
    mostOutputTokens: 400,
    promptBytesPerToken: 4,
    ...changes,
  };
}
