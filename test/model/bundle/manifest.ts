import { expect } from "chai";

import { canonicalJson, type Json } from "../../../src/protocol/canonical-json.ts";
import { TOOLS } from "../../../src/model/manifest/describe.ts";
import {
  formatManifest,
  MalformedManifestError,
  manifestHashOf,
  parseManifest,
  type Manifest,
} from "../../../src/model/manifest/manifest.ts";
import { randomText } from "../../helpers/random-json.ts";
import { fuzz, times, type Random } from "../../helpers/random.ts";

const HASH = "ab".repeat(32);

const MANIFEST: Manifest = {
  version: 1,
  name: "tiny",
  purpose: "Tells which of two sums is larger.",
  input: {
    visibility: "hidden",
    fields: [
      { name: "left", unit: "cm", min: "-1/10", max: "7/10", step: "1/10" },
      { name: "pixel", min: "0", max: "255", step: "1", count: 4 },
    ],
  },
  output: {
    visibility: "public",
    name: "side",
    kind: "label",
    labels: ["first", "second"],
    unit: "side",
    fields: [
      { bits: 1, encoding: "plain", scale: "1" },
      { bits: 7, encoding: "offset", scale: "-3/1024" },
    ],
  },
  compiler: TOOLS,
  program: HASH,
  certificate: HASH,
  circuit: HASH,
  phase1: HASH,
  key: HASH,
  transcript: HASH,
  weights: HASH,
};

describe("a manifest", () => {
  it("is read as it was written", () =>
    fuzz((random) => {
      for (let round = 0; round < 200; round++) {
        const manifest = randomManifest(random);
        expect(parseManifest(formatManifest(manifest))).to.deep.equal(manifest);
      }
    }));

  it("has another hash whatever in it is changed", () => {
    const hashes = new Set([manifestHashOf(MANIFEST)]);
    const leaves = leavesOf(MANIFEST);
    expect(leaves.length).to.be.greaterThan(30);
    for (const path of leaves) hashes.add(manifestHashOf(changedAt(MANIFEST, path) as Manifest));
    hashes.add(manifestHashOf({ ...MANIFEST, output: { ...MANIFEST.output, labels: ["second", "first"] } }));
    expect(hashes.size).to.equal(leaves.length + 2);
  });

  it("is refused with a key too few, wherever it is missing", () => {
    const optional = new Set(["weights", "unit", "count", "labels"]);
    const paths = [...keysOf(MANIFEST)].filter((path) => !optional.has(path.at(-1) as string));
    expect(paths.length).to.be.greaterThan(25);
    for (const path of paths) {
      const failure = failureOf(edited(MANIFEST, path));
      expect(failure, path.join(".")).to.be.instanceOf(MalformedManifestError);
      expect((failure as MalformedManifestError).message, path.join(".")).to.include("In the manifest, ");
    }
  });

  it("is refused with a key too many, wherever it is added", () => {
    const places = [[], ["input"], ["input", "fields", 0], ["output"], ["output", "fields", 1], ["compiler"]];
    for (const place of places) {
      for (const key of ["isDevelopment", "__proto__", "constructor"]) {
        const failure = failureOf(edited(MANIFEST, [...place, key], 1));
        expect(failure, [...place, key].join(".")).to.be.instanceOf(MalformedManifestError);
      }
    }
  });

  it("is refused with a value of another kind, and the field is named", () => {
    const wrong: readonly [path: readonly (string | number)[], value: Json, field: string][] = [
      [["version"], 2, "version"],
      [["version"], "1", "version"],
      [["name"], "", "name"],
      [["purpose"], null, "purpose"],
      [["input"], [], "input"],
      [["input", "visibility"], "secret", "input.visibility"],
      [["input", "fields"], {}, "input.fields"],
      [["input", "fields", 0], "left", "input.fields[0]"],
      [["input", "fields", 0, "min"], 0, "input.fields[0].min"],
      [["input", "fields", 0, "min"], "0.1", "input.fields[0].min"],
      [["input", "fields", 0, "step"], "1/0", "input.fields[0].step"],
      [["input", "fields", 0, "step"], "1/10\n", "input.fields[0].step"],
      [["input", "fields", 1, "count"], 0, "input.fields[1].count"],
      [["input", "fields", 1, "count"], 1.5, "input.fields[1].count"],
      [["output", "kind"], "answer", "output.kind"],
      [["output", "labels"], "first", "output.labels"],
      [["output", "labels", 1], 2, "output.labels[1]"],
      [["output", "fields", 0, "bits"], "1", "output.fields[0].bits"],
      [["output", "fields", 0, "encoding"], "signed", "output.fields[0].encoding"],
      [["output", "fields", 0, "scale"], "1e-3", "output.fields[0].scale"],
      [["compiler", "circom"], 2, "compiler.circom"],
      [["key"], HASH.toUpperCase(), "key"],
      [["phase1"], `0x${HASH}`, "phase1"],
      [["weights"], null, "weights"],
    ];
    for (const [path, value, field] of wrong) {
      const failure = failureOf(edited(MANIFEST, path, value));
      expect(failure, path.join(".")).to.be.instanceOf(MalformedManifestError);
      expect(failure, path.join(".")).to.have.property("field", field);
    }
  });

  it("is refused in any other spelling", () => {
    const text = formatManifest(MANIFEST);
    const spellings = [
      ` ${text}`,
      `${text}\n`,
      `\uFEFF${text}`,
      JSON.stringify(MANIFEST, null, 1),
      JSON.stringify(MANIFEST),
      text.replace('"version":1', '"version":1.0'),
      text.replace('"version":1', '"version":1,"version":1'),
      text.replace("left", "\\u006ceft"),
      text.replace("7/10", "7\\/10"),
    ];
    for (const spelling of spellings) {
      expect(spelling).not.to.equal(text);
      expect(() => parseManifest(spelling), spelling.slice(0, 20)).to.throw(MalformedManifestError);
    }
  });
});

type Path = readonly (string | number)[];

function failureOf(value: unknown): unknown {
  try {
    return parseManifest(canonicalJson(value as Json));
  } catch (error) {
    return error;
  }
}

function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, [...path, key]));
}

/** Every key of every object. */
function* keysOf(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    const own = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value)) yield own;
    yield* keysOf(each, own);
  }
}

/** A copy with another value at a path, or none. */
function edited(value: unknown, [key, ...rest]: Path, to?: Json): unknown {
  if (key === undefined) return to;
  const entries = Object.entries(value as object);
  const others = entries.filter(([each]) => each !== String(key));
  const own = Object.hasOwn(value as object, key) ? (value as Record<string, unknown>)[key] : undefined;
  const changed = edited(own, rest, to);
  if (Array.isArray(value)) return value.with(Number(key), changed);
  return Object.fromEntries(changed === undefined ? others : [...others, [key, changed]]);
}

function changedAt(value: unknown, path: Path): unknown {
  const old = path.reduce((each: unknown, key) => (each as Record<string, unknown>)[key], value);
  return edited(value, path, typeof old === "number" ? old + 1 : `${String(old)}0`);
}

function randomManifest(random: Random): Manifest {
  const text = (): string => randomText(random);
  const hash = (): string => random.bytes32().slice(2);
  const fraction = (): string => random.pick(["0", "-3", "1/10", "-12345678901234567890/7"]);
  const visibility = random.pick(["hidden", "public"]);
  const unit = random.below(2) === 0 ? {} : { unit: text() };
  return {
    version: 1,
    name: text(),
    purpose: text(),
    input: {
      visibility,
      fields: times(1 + random.below(3), (at) => ({
        name: `${at} ${text()}`,
        min: fraction(),
        max: fraction(),
        step: fraction(),
        ...unit,
        ...(random.below(2) === 0 ? {} : { count: 1 + random.below(784) }),
      })),
    },
    output: {
      visibility,
      name: text(),
      kind: random.pick(["label", "numbers"]),
      ...unit,
      ...(random.below(2) === 0 ? {} : { labels: times(random.below(4), text) }),
      fields: times(1 + random.below(3), () => ({
        bits: 1 + random.below(252),
        encoding: random.pick(["plain", "offset"]),
        scale: fraction(),
      })),
    },
    compiler: { assay: text(), circom: text(), optimisation: text(), snarkjs: text() },
    program: hash(),
    certificate: hash(),
    circuit: hash(),
    phase1: hash(),
    key: hash(),
    transcript: hash(),
    ...(random.below(2) === 0 ? {} : { weights: hash() }),
  };
}
