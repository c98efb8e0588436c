/**
 * What a ceremony says of itself: all of it is re-checked against the files, and none of it is believed. Whether a setup
 * is for development, and which phase 1 it is on, is not in it, for both follow from the hash.
 */
import { isHex } from "viem";

import { describe } from "../../protocol/describe.ts";
import { closedJson } from "../closed-json.ts";
import type { Contribution } from "./key-file.ts";

export type Transcript = {
  readonly version: 1;
  /** SHA-256 of the constraints. */
  readonly circuit: string;
  readonly phase1: { readonly sha256: string; readonly blake2b: string };
  /** The newest key, with its SHA-256. */
  readonly key: { readonly file: string; readonly sha256: string };
  readonly contributions: readonly Contribution[];
};

const { parse, object, matching } = closedJson("transcript", (field, expected, given) => {
  return new MalformedTranscriptError(field, expected, given);
});
const SHA256 = /^[0-9a-f]{64}$/;
const BLAKE2B = /^[0-9a-f]{128}$/;
/** No other name, so that a transcript cannot lead outside of its folder. */
const KEY_FILE = /^\d{4,}\.zkey$/;

/** The file of the key with so many contributions. */
export function keyFileOf(contributions: number): string {
  return `${String(contributions).padStart(4, "0")}.zkey`;
}

export function formatTranscript(transcript: Transcript): string {
  return `${JSON.stringify(transcript, null, 2)}\n`;
}

export function parseTranscript(text: string): Transcript {
  const json = object(parse(text), "transcript", ["version", "circuit", "phase1", "key", "contributions"]);
  if (json["version"] !== 1) throw new MalformedTranscriptError("version", "1", json["version"]);
  const phase1 = object(json["phase1"], "phase1", ["sha256", "blake2b"]);
  const key = object(json["key"], "key", ["file", "sha256"]);
  const contributions = json["contributions"];
  if (!Array.isArray(contributions)) throw new MalformedTranscriptError("contributions", "a list", contributions);
  return {
    version: 1,
    circuit: matching(json["circuit"], "circuit", SHA256, "a SHA-256"),
    phase1: {
      sha256: matching(phase1["sha256"], "phase1.sha256", SHA256, "a SHA-256"),
      blake2b: matching(phase1["blake2b"], "phase1.blake2b", BLAKE2B, "a BLAKE2b-512"),
    },
    key: {
      file: matching(key["file"], "key.file", KEY_FILE, "a name like 0001.zkey"),
      sha256: matching(key["sha256"], "key.sha256", SHA256, "a SHA-256"),
    },
    contributions: contributions.map((entry: unknown, index) => parseContribution(entry, `contributions[${index}]`)),
  };
}

function parseContribution(value: unknown, field: string): Contribution {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (kind !== "contribution" && kind !== "beacon") {
    throw new MalformedTranscriptError(`${field}.kind`, `"contribution" or "beacon"`, kind);
  }
  const json = object(value, field, kind === "beacon" ? ["kind", "name", "hash", "beacon"] : ["kind", "name", "hash"]);
  const { name, hash } = json;
  if (typeof name !== "string") throw new MalformedTranscriptError(`${field}.name`, "a text", name);
  if (!isHex(hash)) throw new MalformedTranscriptError(`${field}.hash`, "0x and hex digits", hash);
  if (kind === "contribution") return { kind, name, hash };
  const { value: beacon, iterations } = object(json["beacon"], `${field}.beacon`, ["value", "iterations"]);
  if (!isHex(beacon)) throw new MalformedTranscriptError(`${field}.beacon.value`, "0x and hex digits", beacon);
  if (typeof iterations !== "number") {
    throw new MalformedTranscriptError(`${field}.beacon.iterations`, "a number", iterations);
  }
  return { kind, name, hash, beacon: { value: beacon, iterations } };
}

/** A transcript does not have its form. */
export class MalformedTranscriptError extends Error {
  override readonly name = "MalformedTranscriptError";
  readonly field: string;

  constructor(field: string, expected: string, given: unknown) {
    super(`In the transcript, ${field} must be ${expected}, got ${describe(given)}. Ask for the folder again.`);
    this.field = field;
  }
}
