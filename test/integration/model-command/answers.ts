import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { numberToHex, sliceHex, type Hex } from "viem";

import { FILES } from "../../../src/model/bundle/files.ts";
import { isProof, stopThreads, type Groth16Proof, type VerificationKey } from "../../../src/model/groth16.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { commitInput } from "../../../src/protocol/commitment.ts";
import { contextOf } from "../../../src/protocol/context.ts";
import {
  answerOf,
  errorOf,
  fieldOptions,
  jsonOf,
  newWorld,
  refusalOf,
  SETOSA,
  SETOSA_STEPS,
  type World,
} from "./world.ts";

const WIDTHS = [7, 7, 7, 7] as const;
const INPUT = JSON.stringify(SETOSA);
const ONE = numberToHex(1n, { size: 32 });

/** What is no input of the model, how it is told, and which part of it the message names. */
const BAD: readonly (readonly [string, string, RegExp])[] = [
  [JSON.stringify({ ...SETOSA, colour: 1 }), "UnknownFieldError", /"colour"/],
  [JSON.stringify({ "sepal length": 5.1, "sepal width": 3.5 }), "MissingFieldError", /petal length/],
  [JSON.stringify([5.1, 3.5, 1.4]), "FieldLengthError", /4.*3/],
  [JSON.stringify({ ...SETOSA, "petal width": null }), "FieldTypeError", /petal width.*null/],
  [JSON.stringify({ ...SETOSA, "petal width": "NaN" }), "FieldTypeError", /petal width.*NaN/],
  [JSON.stringify({ ...SETOSA, "petal width": "wide" }), "FieldTypeError", /petal width.*wide/],
  [JSON.stringify({ ...SETOSA, "petal width": 12.8 }), "FieldRangeError", /petal width.*cm.*12\.8/],
  [JSON.stringify({ ...SETOSA, "petal width": 0.25 }), "FieldStepError", /petal width.*0\.25/],
  ["5", "InputShapeError", /sepal length/],
  [INPUT.slice(1), "NotJsonFileError", /standard input/],
];

describe("assay model run", () => {
  let world: World;
  before(async () => {
    world = await newWorld();
    await answerOf(["model", "build", world.source]);
  });
  after(() => world.close());

  const run = (...options: string[]): string[] => ["model", "run", world.built, ...options];

  it("answers in words, with the commitment that the salt opens", async () => {
    const printed = await answerOf(run(...fieldOptions(SETOSA), "--salt", "5"));
    const input = numberToHex(commitInput(WIDTHS, SETOSA_STEPS.map(BigInt), 5n), { size: 32 });
    expect(printed).to.match(/^species: setosa\n/);
    expect(printed)
      .to.include(input)
      .and.match(/^salt +5,/m);
  });

  it("answers alike to fields, a file, the standard input, and a list", async () => {
    const file = world.path("setosa.json");
    await writeFile(file, INPUT);
    const expected = { value: "setosa", fields: SETOSA_STEPS, salt: "0" };
    const answers = [
      await jsonOf(run(...fieldOptions(SETOSA), "--salt", "0x0")),
      await jsonOf(run("--input", file, "--salt", "0")),
      await jsonOf(run("--input", "-", "--salt", "0"), { input: INPUT }),
      await jsonOf(run("--input", "-", "--salt", "0"), { input: JSON.stringify(Object.values(SETOSA).map(String)) }),
    ];
    for (const answer of answers) expect(answer).to.deep.equal(answers[0]).and.to.deep.include(expected);
  });

  it("hides the input behind a salt of its own each time", async () => {
    const [one, other] = [await jsonOf(run(...fieldOptions(SETOSA))), await jsonOf(run(...fieldOptions(SETOSA)))];
    expect(one["salt"])
      .to.match(/^\d{60,78}$/)
      .and.not.to.equal(other["salt"]);
    expect(one["input"]).not.to.equal(other["input"]);
    expect(one["output"]).to.equal(other["output"]);
  });

  it("refuses an input that is none of the model's, and names the field", async () => {
    for (const [input, name, words] of BAD) {
      const error = await errorOf(run("--input", "-"), { input });
      expect(error.name, input).to.equal(name);
      expect(error.message, input).to.match(words);
    }
    expect(await refusalOf(run("--input", "-"), { input: INPUT.replace("5.1", "500") })).to.include("sepal length");
    expect(await errorOf(run(...fieldOptions(SETOSA), "--salt", GROUP_ORDER.toString())))
      .to.have.property("message")
      .that.includes("salt");
  });

  it("refuses more decimals than a double would show", async () => {
    const input = INPUT.replace("0.2}", "0.2000000000000000000001}");
    const { name, message } = await errorOf(run("--input", "-"), { input });
    expect(name).to.equal("FieldStepError");
    expect(message).to.include("petal width");
  });

  it("says which file it cannot read", async () => {
    const path = world.path("nowhere.json");
    expect(await refusalOf(run("--input", path))).to.include(path);
    expect(await refusalOf(["model", "run", world.source, "--input", "-"], { input: INPUT })).to.include(
      FILES.manifest,
    );
  });

  it("says that a folder is no input", async () => {
    expect(await refusalOf(run("--input", world.source))).to.include(world.source);
  });
});

describe("assay model prove", () => {
  let world: World;
  let key: VerificationKey;
  before(async () => {
    world = await newWorld();
    await answerOf(["model", "build", world.source]);
    key = JSON.parse(await readFile(join(world.built, FILES.verificationKey), "utf8")) as VerificationKey;
  });
  after(async () => {
    await stopThreads();
    await world.close();
  });

  const prove = (...options: string[]): string[] => ["model", "prove", world.built, ...options];

  it("proves what run answered, in the context of a request, and no other claim", async () => {
    const answer = await jsonOf(["model", "run", world.built, ...fieldOptions(SETOSA)]);
    const file = world.path("answer.json");
    await writeFile(file, JSON.stringify(answer));
    const [escrow, prover] = [`0x${"11".repeat(20)}`, `0x${"22".repeat(20)}`] as const;
    const chainId = 31_337;
    const request = numberToHex(77n, { size: 32 });
    const parts = ["--request", request, "--prover", prover, "--escrow", escrow, "--chain", String(chainId)];
    const proven = await jsonOf(prove("--answer", file, ...parts));
    const { model, input, output, salt } = answer;
    const context = contextOf(request, prover, { chainId, escrow });
    expect(proven).to.include({ model, input, output, salt, context, isDevelopment: true });

    const signals = [input, output, context].map((word) => BigInt(word as Hex));
    const proof = snarkjsProof(proven["proof"] as Hex);
    expect(await isProof(key, { proof, publicSignals: signals.map(String) })).to.equal(true);
    for (const at of signals.keys()) {
      const others = signals.map((signal, index) => String(index === at ? signal + 1n : signal));
      expect(await isProof(key, { proof, publicSignals: others }), `signal ${at}`).to.equal(false);
    }
  });

  it("proves in the context of any chain, however long its id", async () => {
    const [escrow, prover, request] = [`0x${"11".repeat(20)}`, `0x${"22".repeat(20)}`, ONE] as const;
    const chainId = 11_155_111;
    const parts = ["--request", request, "--prover", prover, "--escrow", escrow, "--chain", String(chainId)];
    const context = contextOf(request, prover, { chainId, escrow });
    expect(await jsonOf(prove(...fieldOptions(SETOSA), ...parts))).to.include({ context });
  });

  it("proves an input of its own", async () => {
    const printed = await answerOf(prove(...fieldOptions(SETOSA), "--salt", "5", "--context", "0x1"));
    const input = numberToHex(commitInput(WIDTHS, SETOSA_STEPS.map(BigInt), 5n), { size: 32 });
    expect(printed)
      .to.match(new RegExp(`input +${input}`))
      .and.match(new RegExp(`context +${ONE}`));
    expect(printed)
      .to.match(/proof +0x[0-9a-f]{512}/)
      .and.include("DEVELOPMENT SETUP");
  });

  it("tells the salt that it drew, without which nobody could open the commitment", async () => {
    const printed = await answerOf(prove("--input", "-", "--context", ONE), { input: INPUT });
    expect(printed).to.match(/^salt +\d{60,78}/m);
  });

  it("refuses an input that is none of the model's before it proves", async () => {
    const input = INPUT.replace("0.2}", "0.25}");
    const error = await errorOf(prove("--input", "-", "--context", ONE), { input });
    expect(error.name).to.equal("FieldStepError");
    expect(error.message).to.include("petal width");
  });

  it("refuses an answer that is not this very model's", async () => {
    const answer = await jsonOf(["model", "run", world.built, ...fieldOptions(SETOSA)]);
    const others: readonly Readonly<Record<string, unknown>>[] = [
      { ...answer, fields: [51, 35, 14, 3] },
      { ...answer, fields: [51, 35, 14, 128] },
      { ...answer, salt: `1${String(answer["salt"])}` },
      { ...answer, input: ONE },
      {},
    ];
    const file = world.path("other.json");
    for (const other of others) {
      await writeFile(file, JSON.stringify(other));
      await refusalOf(prove("--answer", file, "--context", ONE));
    }
  });

  it("refuses to prove another output than was answered, or for another model", async () => {
    const answer = await jsonOf(["model", "run", world.built, ...fieldOptions(SETOSA)]);
    const file = world.path("contradicted.json");
    for (const other of [{ output: ONE }, { model: ONE }]) {
      await writeFile(file, JSON.stringify({ ...answer, ...other }));
      await refusalOf(prove("--answer", file, "--context", ONE));
    }
  });
});

/** The proof in the form that snarkjs reads. */
function snarkjsProof(proof: Hex): Groth16Proof {
  const word = (at: number): string => BigInt(sliceHex(proof, 32 * at, 32 * at + 32)).toString();
  return {
    pi_a: [word(0), word(1), "1"],
    pi_b: [
      [word(3), word(2)],
      [word(5), word(4)],
      ["1", "0"],
    ],
    pi_c: [word(6), word(7), "1"],
    protocol: "groth16",
    curve: "bn128",
  };
}
