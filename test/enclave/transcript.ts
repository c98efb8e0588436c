import { createHash } from "node:crypto";

import { expect } from "chai";
import type { Hex } from "viem";

import {
  chargeFor,
  extendChain,
  hashTranscript,
  startChain,
  transcriptSchema,
  type Transcript,
} from "../../src/enclave/transcript.ts";

const word = (digit: string): Hex => `0x${digit.repeat(64)}`;

const TRANSCRIPT: Transcript = {
  version: 1,
  chainId: 31_337,
  escrow: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  request: word("1"),
  model: word("2"),
  input: word("3"),
  response: { head: word("4"), chunks: 7 },
  end: "complete",
  usage: { input: 12, output: 34, source: "upstream" },
  price: { base: "1000", input: "2000000", output: "8000000" },
  charge: "1296",
  upstreamModel: "llama-3",
};

function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

describe("a transcript", () => {
  it("hashes as the specification says", () => {
    const canonical =
      '{"chainId":31337,"charge":"1296","end":"complete","escrow":"0x5FbDB2315678afecb367f032d93F642f64180aa3",' +
      `"input":"${word("3")}","model":"${word("2")}","price":{"base":"1000","input":"2000000","output":"8000000"},` +
      `"request":"${word("1")}","response":{"chunks":7,"head":"${word("4")}"},"upstreamModel":"llama-3",` +
      '"usage":{"input":12,"output":34,"source":"upstream"},"version":1}';
    expect(hashTranscript(TRANSCRIPT)).to.equal(`0x${sha256("Assay transcript v1\n", canonical).toString("hex")}`);
  });

  it("has another hash for each single change", () => {
    const changed: Transcript[] = [
      { ...TRANSCRIPT, chainId: 1 },
      { ...TRANSCRIPT, escrow: "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0" },
      { ...TRANSCRIPT, request: word("9") },
      { ...TRANSCRIPT, model: word("9") },
      { ...TRANSCRIPT, input: word("9") },
      { ...TRANSCRIPT, response: { head: word("9"), chunks: 7 } },
      { ...TRANSCRIPT, response: { head: word("4"), chunks: 8 } },
      { ...TRANSCRIPT, end: "cut" },
      // What others leave out: who counts, and what was counted, decides on the money.
      { ...TRANSCRIPT, usage: { ...TRANSCRIPT.usage, input: 13 } },
      { ...TRANSCRIPT, usage: { ...TRANSCRIPT.usage, output: 35 } },
      { ...TRANSCRIPT, usage: { ...TRANSCRIPT.usage, source: "delivered" } },
      { ...TRANSCRIPT, price: { ...TRANSCRIPT.price, base: "1001" } },
      { ...TRANSCRIPT, price: { ...TRANSCRIPT.price, input: "2000001" } },
      { ...TRANSCRIPT, price: { ...TRANSCRIPT.price, output: "8000001" } },
      { ...TRANSCRIPT, charge: "1297" },
      { ...TRANSCRIPT, upstreamModel: "llama-2" },
    ];
    const hashes = [TRANSCRIPT, ...changed].map(hashTranscript);
    expect(new Set(hashes).size).to.equal(hashes.length);
  });

  it("is read strictly", () => {
    expect(transcriptSchema.safeParse(TRANSCRIPT).success).to.equal(true);
    for (const false_ of [
      { ...TRANSCRIPT, test: true },
      { ...TRANSCRIPT, charge: "0" },
      { ...TRANSCRIPT, charge: "01296" },
      { ...TRANSCRIPT, charge: "-1" },
      { ...TRANSCRIPT, usage: { input: -1, output: 1, source: "upstream" } },
      { ...TRANSCRIPT, usage: { input: 1.5, output: 1, source: "upstream" } },
      { ...TRANSCRIPT, version: 2 },
      { ...TRANSCRIPT, end: "error" },
    ]) {
      expect(transcriptSchema.safeParse(false_).success, JSON.stringify(false_)).to.equal(false);
    }
  });
});

describe("the chain of a response", () => {
  const chunks = ['{"a":1}', "€", ""];

  it("is the one that the specification says", () => {
    let head = sha256(
      "Assay response chain v1\n",
      Buffer.from("11".repeat(32), "hex"),
      Buffer.from("33".repeat(32), "hex"),
    );
    for (const chunk of chunks) head = sha256(head, sha256(chunk));
    expect(chunks.reduce(extendChain, startChain(word("1"), word("3")))).to.equal(`0x${head.toString("hex")}`);
  });

  it("tells apart where one chunk ends and the next begins, their order, their number and their request", () => {
    const headOf = (parts: readonly string[], request = word("1"), input = word("3")): Hex =>
      parts.reduce(extendChain, startChain(request, input));
    const heads = [
      headOf(["ab", "c"]),
      headOf(["a", "bc"]),
      headOf(["abc"]),
      headOf(["c", "ab"]),
      headOf(["ab", "c", ""]),
      headOf(["ab", "c"], word("2")),
      headOf(["ab", "c"], word("1"), word("2")),
      headOf([]),
    ];
    expect(new Set(heads).size).to.equal(heads.length);
  });
});

describe("what an answer costs", () => {
  const price = { base: "1000", input: "2000000", output: "8000000" };

  it("is its base, and its tokens by the million, rounded up once", () => {
    expect(chargeFor(price, { input: 12, output: 34 })).to.equal(1_000n + 24n + 272n);
    expect(chargeFor({ base: "0", input: "1", output: "0" }, { input: 1, output: 0 })).to.equal(1n);
    expect(chargeFor({ base: "0", input: "400000", output: "600000" }, { input: 1, output: 1 })).to.equal(1n);
    expect(chargeFor({ base: "0", input: "400000", output: "600001" }, { input: 1, output: 1 })).to.equal(2n);
  });

  it("is never nothing, which could not be settled", () => {
    expect(chargeFor({ base: "0", input: "0", output: "0" }, { input: 9, output: 9 })).to.equal(1n);
  });
});
