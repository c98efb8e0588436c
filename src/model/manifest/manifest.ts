/**
 * A model's manifest: what it computes, by hashes, and what its fields mean. Its hash is part of the model's id. Whether a
 * setup is for development is not in it, for that follows from the phase 1's hash.
 */
import { keccak256, stringToHex, type Hex } from "viem";

import { describe } from "../../protocol/describe.ts";
import { canonicalJson } from "../../protocol/canonical-json.ts";
import { closedJson } from "../closed-json.ts";
import type { OutputField, Visibility } from "../program/program.ts";
import { MAX_BITS } from "../../protocol/packing.ts";
import { MOST_FIELDS, repeatedName, type FieldSource } from "../source.ts";

export type Manifest = ManifestHashes & {
  readonly version: 1;
  readonly name: string;
  readonly purpose: string;
  readonly input: { readonly visibility: Visibility; readonly fields: readonly FieldSource[] };
  readonly output: ManifestOutput;
  readonly compiler: {
    readonly assay: string;
    readonly circom: string;
    readonly optimisation: string;
    readonly snarkjs: string;
  };
};

/** SHA-256 of each file. */
export type ManifestHashes = {
  readonly program: string;
  readonly certificate: string;
  readonly circuit: string;
  readonly phase1: string;
  readonly key: string;
  readonly transcript: string;
  /** Of the proof that private weights are known, where the key holds some. */
  readonly weights?: string;
};

export type ManifestOutput = {
  readonly visibility: Visibility;
  readonly name: string;
  readonly kind: "label" | "numbers";
  readonly labels?: readonly string[];
  readonly unit?: string;
  /** As they are packed, the first in the lowest bits; each stands for its integer times `scale`. */
  readonly fields: readonly (Pick<OutputField, "bits" | "encoding"> & { readonly scale: string })[];
};

/** RFC 8785: the same text for the same manifest, whoever writes it. */
export function formatManifest(manifest: Manifest): string {
  return canonicalJson(manifest);
}

/** What a model's id takes in of its manifest. */
export function manifestHashOf(manifest: Manifest): Hex {
  return keccak256(stringToHex(formatManifest(manifest)));
}

const json = closedJson("manifest", (field, expected, given) => new MalformedManifestError(field, expected, given));
const { object, list, text, matching, oneOf, count } = json;

const SHA256 = /^[0-9a-f]{64}$/;
/** In lowest terms, which the model's builder sees to. */
const FRACTION = /^-?\d+(\/[1-9]\d*)?$/;
const HASHES = ["program", "certificate", "circuit", "phase1", "key", "transcript"] as const;

/** Reads a manifest, and refuses one that says more or less than it must. */
export function parseManifest(content: string): Manifest {
  const keys = ["version", "name", "purpose", "input", "output", "compiler", ...HASHES];
  const all = object(json.parse(content), "manifest", keys, ["weights"]);
  if (all["version"] !== 1) throw new MalformedManifestError("version", "1", all["version"]);
  const input = object(all["input"], "input", ["visibility", "fields"]);
  const compiler = object(all["compiler"], "compiler", ["assay", "circom", "optimisation", "snarkjs"]);
  const hash = (name: string): string => matching(all[name], name, SHA256, "a SHA-256");
  const version = (name: string): string => text(compiler[name], `compiler.${name}`);
  const manifest: Manifest = {
    version: 1,
    name: text(all["name"], "name"),
    purpose: text(all["purpose"], "purpose"),
    input: {
      visibility: visibility(input["visibility"], "input.visibility"),
      fields: list(input["fields"], "input.fields").map((field, at) => parseField(field, `input.fields[${at}]`)),
    },
    output: parseOutput(all["output"]),
    compiler: {
      assay: version("assay"),
      circom: version("circom"),
      optimisation: version("optimisation"),
      snarkjs: version("snarkjs"),
    },
    program: hash("program"),
    certificate: hash("certificate"),
    circuit: hash("circuit"),
    phase1: hash("phase1"),
    key: hash("key"),
    transcript: hash("transcript"),
    ...(all["weights"] === undefined ? {} : { weights: hash("weights") }),
  };
  const twice = repeatedName(manifest.input.fields);
  if (twice !== undefined) throw new MalformedManifestError("input.fields", "of different names", twice);
  if (formatManifest(manifest) !== content) {
    throw new MalformedManifestError("manifest", "canonical JSON (RFC 8785)", "another spelling of it");
  }
  return manifest;
}

function parseField(value: unknown, at: string): FieldSource {
  const field = object(value, at, ["name", "min", "max", "step"], ["unit", "count"]);
  const fraction = (name: string): string =>
    matching(field[name], `${at}.${name}`, FRACTION, "a fraction such as 1/10");
  return {
    name: text(field["name"], `${at}.name`),
    min: fraction("min"),
    max: fraction("max"),
    step: fraction("step"),
    ...(field["unit"] === undefined ? {} : { unit: text(field["unit"], `${at}.unit`) }),
    ...(field["count"] === undefined ? {} : { count: count(field["count"], `${at}.count`, MOST_FIELDS) }),
  };
}

function parseOutput(value: unknown): ManifestOutput {
  const output = object(value, "output", ["visibility", "name", "kind", "fields"], ["labels", "unit"]);
  const { labels, unit } = output;
  return {
    visibility: visibility(output["visibility"], "output.visibility"),
    name: text(output["name"], "output.name"),
    kind: oneOf(output["kind"], "output.kind", ["label", "numbers"]),
    fields: list(output["fields"], "output.fields").map((each, index) => {
      const at = `output.fields[${index}]`;
      const field = object(each, at, ["bits", "encoding", "scale"]);
      return {
        bits: count(field["bits"], `${at}.bits`, MAX_BITS),
        encoding: oneOf(field["encoding"], `${at}.encoding`, ["plain", "offset"]),
        scale: matching(field["scale"], `${at}.scale`, FRACTION, "a fraction such as 1/10"),
      };
    }),
    ...(labels === undefined
      ? {}
      : { labels: list(labels, "output.labels").map((label, at) => text(label, `output.labels[${at}]`)) }),
    ...(unit === undefined ? {} : { unit: text(unit, "output.unit") }),
  };
}

function visibility(value: unknown, field: string): Visibility {
  return oneOf(value, field, ["hidden", "public"]);
}

/** A manifest does not have its form. */
export class MalformedManifestError extends Error {
  override readonly name = "MalformedManifestError";
  readonly field: string;

  constructor(field: string, expected: string, given: unknown) {
    super(`In the manifest, ${field} must be ${expected}, got ${describe(given)}. Ask for the model's files again.`);
    this.field = field;
  }
}
