import { expect } from "chai";

import { canonicalJson, NotJsonError, type Json } from "../../../src/protocol/canonical-json.ts";
import { TOOLS } from "../../../src/model/manifest/describe.ts";
import {
  formatManifest,
  MalformedManifestError,
  manifestHashOf,
  parseManifest,
  type Manifest,
} from "../../../src/model/manifest/manifest.ts";
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

describe("canonical JSON (RFC 8785)", () => {
  it("writes the example of section 3.2.2", () => {
    const value = {
      // The RFC writes one digit more than a double holds.
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20AC$\u000F\u000AA'\u0042\u0022\u005C\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).to.equal(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("orders keys by their UTF-16 code units, as in section 3.2.3", () => {
    const value = {
      "\u20AC": "Euro Sign",
      "\r": "Carriage Return",
      "\uFB33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\uD83D\uDE00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00F6": "Latin Small Letter O With Diaeresis",
    };
    const order = ["\r", "1", "\u0080", "\u00F6", "\u20AC", "\uD83D\uDE00", "\uFB33"] as const;
    const entries = order.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value[key])}`);
    expect(canonicalJson(value)).to.equal(`{${entries.join(",")}}`);
    // JavaScript lists whole numbers first, and in their order as numbers.
    expect(canonicalJson({ "9": 1, "10": 2, "1": 3 })).to.equal('{"1":3,"10":2,"9":1}');
  });

  it("writes the numbers of appendix B", () => {
    const samples: readonly [bits: bigint, text: string][] = [
      [0x0000000000000000n, "0"],
      [0x8000000000000000n, "0"],
      [0x0000000000000001n, "5e-324"],
      [0x8000000000000001n, "-5e-324"],
      [0x7fefffffffffffffn, "1.7976931348623157e+308"],
      [0xffefffffffffffffn, "-1.7976931348623157e+308"],
      [0x4340000000000000n, "9007199254740992"],
      [0xc340000000000000n, "-9007199254740992"],
      [0x4430000000000000n, "295147905179352830000"],
      [0x44b52d02c7e14af5n, "9.999999999999997e+22"],
      [0x44b52d02c7e14af6n, "1e+23"],
      [0x44b52d02c7e14af7n, "1.0000000000000001e+23"],
      [0x444b1ae4d6e2ef4en, "999999999999999700000"],
      [0x444b1ae4d6e2ef4fn, "999999999999999900000"],
      [0x444b1ae4d6e2ef50n, "1e+21"],
      [0x3eb0c6f7a0b5ed8cn, "9.999999999999997e-7"],
      [0x3eb0c6f7a0b5ed8dn, "0.000001"],
      [0x41b3de4355555553n, "333333333.3333332"],
      [0x41b3de4355555554n, "333333333.33333325"],
      [0x41b3de4355555555n, "333333333.3333333"],
      [0x41b3de4355555556n, "333333333.3333334"],
      [0xbecbf647612f3696n, "-0.0000033333333333333333"],
      [0x43143ff3c1cb0959n, "1424953923781206.2"],
    ];
    for (const [bits, text] of samples) {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, bits);
      expect(canonicalJson(view.getFloat64(0)), bits.toString(16)).to.equal(text);
    }
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      expect(() => canonicalJson([{ value }])).to.throw(NotJsonError, String(value));
    }
  });

  it("is the same for the same value in whatever order it was made, and says it whole", () =>
    fuzz((random) => {
      for (let round = 0; round < 300; round++) {
        const value = randomJson(random, 4);
        const text = canonicalJson(value);
        expect(JSON.parse(text)).to.deep.equal(value);
        expect(canonicalJson(JSON.parse(text) as Json)).to.equal(text);
        expect(canonicalJson(reordered(value))).to.equal(text);
      }
    }));

  it("keeps keys apart that objects treat in their own way", () => {
    const value = JSON.parse('{"constructor":2,"__proto__":{"a":1},"toString":3}') as Json;
    expect(canonicalJson(value)).to.equal('{"__proto__":{"a":1},"constructor":2,"toString":3}');
  });
});

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

/** Of all that JSON escapes, orders and encodes in its own way. */
const LETTERS = [
  "a",
  "Z",
  "0",
  "9",
  '"',
  "\\",
  "/",
  "\n",
  "\u0000",
  "\u001F",
  "\u007F",
  "é",
  "\u2028",
  "€",
  "😀",
  "\uFB33",
];

function randomText(random: Random): string {
  return times(1 + random.below(6), () => LETTERS[random.below(LETTERS.length)]).join("");
}

function randomNumber(random: Random): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, random.uint(64));
  const value = view.getFloat64(0);
  // A negative zero is written as zero.
  return Number.isFinite(value) ? value + 0 : random.below(1000);
}

function randomJson(random: Random, depth: number): Json {
  const kind = random.below(depth > 0 ? 6 : 4);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return randomNumber(random);
  if (kind < 4) return randomText(random);
  const values = times(random.below(5), () => randomJson(random, depth - 1));
  if (kind === 4) return values;
  return Object.fromEntries(values.map((each) => [randomText(random), each]));
}

function reordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Record<string, Json>).map(([key, each]) => [key, reordered(each)] as const);
  return Object.fromEntries(entries.toReversed());
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
