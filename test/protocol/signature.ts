import { expect } from "chai";
import { concatHex, numberToHex, zeroAddress, type Hex } from "viem";

import {
  fromHex,
  HighSError,
  MalformedSignatureError,
  NO_SIGNATURE,
  recover,
  sign,
  split,
  toCompactHex,
  toHex,
} from "../../src/protocol/signature.ts";
import { digestOf, typedDataOf } from "../../src/protocol/receipt.ts";
import { deployProtocol, randomAccount, randomReceipt, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times } from "../helpers/random.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (value: bigint): Hex => numberToHex(value, { size: 32 });

describe("signature", () => {
  // The example of ERC-2098.
  const r = "0x68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90";
  const s = "0x7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064";

  it("takes each form to each other", () => {
    for (const [v, vs] of [
      ["0x1b", s],
      ["0x1c", `0xfe${s.slice(4)}`],
    ] as const) {
      const full = concatHex([r, s, v]);
      expect(fromHex(full)).to.deep.equal({ r, vs });
      expect(fromHex(concatHex([r, s, numberToHex(Number(v) - 27, { size: 1 })]))).to.deep.equal({ r, vs });
      expect(fromHex(concatHex([r, vs]))).to.deep.equal({ r, vs });
      expect(toHex({ r, vs })).to.equal(full);
      expect(toCompactHex({ r, vs })).to.equal(concatHex([r, vs]));
      expect(split({ r, vs })).to.deep.equal({ r, s, v: Number(v) });
    }
  });

  it("refuses what is not 64 or 65 bytes of hex", () => {
    for (const bad of ["0x", "0x1", "0x12", "nothing", `0x${"zz".repeat(65)}`, `${r}${s.slice(2)}1b00`]) {
      expect(() => fromHex(bad as Hex), bad).to.throw(MalformedSignatureError);
    }
  });

  it("refuses any v but 0, 1, 27 and 28", () => {
    for (const v of [2, 26, 29, 255]) {
      expect(() => fromHex(concatHex([r, s, numberToHex(v, { size: 1 })]))).to.throw(MalformedSignatureError);
    }
  });

  it("refuses r and s out of range", () => {
    for (const bad of [0n, ORDER, 2n ** 256n - 1n]) {
      expect(() => fromHex(concatHex([word(bad), s, "0x1b"]))).to.throw(MalformedSignatureError);
    }
    expect(() => fromHex(concatHex([r, word(0n), "0x1b"]))).to.throw(MalformedSignatureError);
    expect(() => toHex(NO_SIGNATURE)).to.throw(MalformedSignatureError);
    expect(() => split({ r: "0x01", vs: s })).to.throw(MalformedSignatureError);
    expect(() => split({ r, vs: "0x01" })).to.throw(MalformedSignatureError);
  });

  it("takes the highest s that is low, and refuses the next", () => {
    const highest = ORDER / 2n;
    expect(split(fromHex(concatHex([r, word(highest), "0x1b"]))).s).to.equal(word(highest));
    expect(() => fromHex(concatHex([r, word(highest + 1n), "0x1b"]))).to.throw(HighSError);
    expect(() => toHex({ r, vs: word(highest + 1n) })).to.throw(HighSError);
    expect(() => toHex({ r, vs: word(2n ** 256n - 1n) })).to.throw(HighSError);
  });

  it("recovers nobody where Solidity recovers nobody", () =>
    fuzz(async (random) => {
      const { harness, deployment } = await deployProtocol();
      const answers = await Promise.all(
        times(RUNS, async () => {
          const receipt = randomReceipt(random);
          const signature = { r: random.bytes32(), vs: random.bytes32() };
          const theirs = await harness.read.recover([digestOf(receipt, deployment), signature]);
          const ours = await recover(typedDataOf(receipt, deployment), signature).catch((error: unknown) =>
            error instanceof MalformedSignatureError || error instanceof HighSError ? zeroAddress : "an unknown error",
          );
          return { theirs, ours };
        }),
      );
      expect(answers.map(({ ours }) => ours)).to.deep.equal(answers.map(({ theirs }) => theirs));
      // Half of all numbers are the x of a point, so both kinds must have come up.
      expect(new Set(answers.map(({ theirs }) => theirs === zeroAddress)).size).to.equal(2);
    }));

  it("is refused when malleated, though the curve would accept it", async () => {
    const random = seededRandom(0);
    const deployment = { chainId: 1, escrow: random.address() };
    const typedData = typedDataOf(randomReceipt(random), deployment);
    const made = split(await sign(typedData, randomAccount(random)));
    const malleated = concatHex([made.r, word(ORDER - BigInt(made.s)), made.v === 27 ? "0x1c" : "0x1b"]);
    expect(() => fromHex(malleated)).to.throw(HighSError);
  });
});
