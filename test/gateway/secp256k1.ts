import { Field } from "@noble/curves/abstract/modular";
import { secp256k1 } from "@noble/curves/secp256k1";
import { expect } from "chai";
import { numberToHex, recoverAddress, zeroHash, type Address, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount, sign } from "viem/accounts";

import { NotAPrivateKeyError, NotAWordError, recoverSigner, signDigest } from "../../src/gateway/secp256k1.ts";
import { fromHex, HighSError, MalformedSignatureError, toHex, type Signature } from "../../src/protocol/signature.ts";
import { randomAccount } from "../helpers/protocol.ts";
import { fuzz, times } from "../helpers/random.ts";

const ORDER = secp256k1.CURVE.n;
const HALF = ORDER / 2n;
const PARITY_BIT = 1n << 255n;
const PRIME = secp256k1.CURVE.Fp.ORDER;
const RUNS = 1_000;

const scalars = Field(ORDER);
const word = (value: bigint): Hex => numberToHex(value, { size: 32 });

/** An address, or the name of the refusal. */
type Outcome = Address | "MalformedSignatureError" | "HighSError";

async function outcomeOf(recover: () => Address | Promise<Address>): Promise<Outcome> {
  try {
    return await recover();
  } catch (error) {
    if (error instanceof MalformedSignatureError) return "MalformedSignatureError";
    if (error instanceof HighSError) return "HighSError";
    throw error;
  }
}

/** What the protocol's own recovery, in JavaScript, says of a signature of any digest. */
async function reference(hash: Hex, signature: Signature): Promise<Address> {
  const encoded = toHex(signature);
  return recoverAddress({ hash, signature: encoded }).catch((cause: unknown) => {
    throw new MalformedSignatureError(encoded, "viem refuses it", { cause });
  });
}

async function expectAlike(digest: Hex, signature: Signature): Promise<Outcome> {
  const outcome = await outcomeOf(() => recoverSigner(digest, signature));
  expect(outcome, JSON.stringify({ digest, signature })).to.equal(await outcomeOf(() => reference(digest, signature)));
  return outcome;
}

describe("secp256k1", () => {
  it("signs the same bytes as viem", () =>
    fuzz(async (random) => {
      for (const digest of times(RUNS, () => random.bytes32())) {
        const privateKey = word((BigInt(random.bytes32()) % (ORDER - 1n)) + 1n);
        expect(signDigest(digest, privateKey)).to.deep.equal(
          fromHex(await sign({ hash: digest, privateKey, to: "hex" })),
        );
      }
    }));

  it("signs with the smallest and the greatest key, and a digest of zero", async () => {
    for (const privateKey of [word(1n), word(2n), word(ORDER - 1n)]) {
      const { address } = privateKeyToAccount(privateKey);
      for (const digest of [zeroHash, word(1n), word(ORDER - 1n)]) {
        const signature = signDigest(digest, privateKey);
        expect(signature).to.deep.equal(fromHex(await sign({ hash: digest, privateKey, to: "hex" })));
        expect(recoverSigner(digest, signature)).to.equal(address);
      }
    }
  });

  it("recovers who signed, and someone else from another digest", () =>
    fuzz(async (random) => {
      for (const digest of times(RUNS, () => random.bytes32())) {
        const account = randomAccount(random);
        const signature = fromHex(await account.sign({ hash: digest }));
        expect(recoverSigner(digest, signature)).to.equal(account.address);
        expect(recoverSigner(word(BigInt(digest) ^ 1n), signature)).not.to.equal(account.address);
      }
    }));

  it("takes and refuses random signatures as viem does", () =>
    fuzz(async (random) => {
      const outcomes: Outcome[] = [];
      for (const digest of times(RUNS, () => random.bytes32())) {
        outcomes.push(await expectAlike(digest, { r: random.bytes32(), vs: random.bytes32() }));
      }
      expect(outcomes).to.include("MalformedSignatureError");
      expect(outcomes.some((outcome) => outcome.startsWith("0x"))).to.equal(true);
    }));

  it("takes and refuses each edge of r, s and the digest as viem does", async () => {
    const onCurve = secp256k1.ProjectivePoint.BASE.x;
    const edges = [0n, 1n, 2n, onCurve, ORDER - 1n, ORDER, ORDER + 1n, PRIME - 1n, PRIME, 2n ** 256n - 1n];
    const halves = [0n, 1n, HALF - 1n, HALF, HALF + 1n, ORDER - 1n, ORDER, 2n ** 255n - 1n];
    const outcomes: Outcome[] = [];
    for (const digest of [0n, 1n, ORDER - 1n, ORDER, 2n ** 256n - 1n]) {
      for (const r of edges) {
        for (const s of halves) {
          for (const parity of [0n, PARITY_BIT]) {
            outcomes.push(await expectAlike(word(digest), { r: word(r), vs: word(parity | s) }));
          }
        }
      }
    }
    expect(outcomes.filter((outcome) => outcome.startsWith("0x")).length).to.be.greaterThan(100);
  });

  it("refuses an r that is no point's x", async () => {
    // 5³ + 7 is no square.
    const signature = { r: word(5n), vs: word(1n) };
    expect(await expectAlike(word(1n), signature)).to.equal("MalformedSignatureError");
  });

  it("refuses a signature whose key would be the point at infinity", async () => {
    // Q = (s R - z G) / r vanishes where s k = z.
    const z = 987_654_321n;
    for (const k of [3n, 5n, 1_000_003n]) {
      const s = (z * scalars.inv(k)) % ORDER;
      const { x, y } = secp256k1.ProjectivePoint.BASE.multiply(k);
      const odd = y % 2n === 1n;
      const low = s > HALF ? { s: ORDER - s, odd: !odd } : { s, odd };
      const signature = { r: word(x), vs: word((low.odd ? PARITY_BIT : 0n) | low.s) };
      expect(await expectAlike(word(z), signature)).to.equal("MalformedSignatureError");
    }
  });

  it("takes the highest s that is low, and refuses the next", async () => {
    const r = word(secp256k1.ProjectivePoint.BASE.x);
    expect(await expectAlike(word(7n), { r, vs: word(HALF) })).to.match(/^0x/);
    expect(await expectAlike(word(7n), { r, vs: word(HALF + 1n) })).to.equal("HighSError");
    expect(await expectAlike(word(7n), { r, vs: word(PARITY_BIT | (HALF + 1n)) })).to.equal("HighSError");
  });

  it("refuses a digest that is not 32 bytes", () => {
    const key = generatePrivateKey();
    const signature = signDigest(zeroHash, key);
    for (const digest of ["0x", "0x12", `${zeroHash}00`, `0x${"zz".repeat(32)}`, zeroHash.slice(2)] as Hex[]) {
      expect(() => recoverSigner(digest, signature), digest).to.throw(NotAWordError);
      expect(() => signDigest(digest, key), digest).to.throw(NotAWordError);
    }
  });

  it("refuses what is no private key, without showing it", () => {
    for (const key of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      expect(() => signDigest(zeroHash, word(key)))
        .to.throw(NotAPrivateKeyError)
        .property("message")
        .not.match(/\d{9}/);
    }
    expect(() => signDigest(zeroHash, "0x1234567890123"))
      .to.throw(NotAWordError)
      .property("message")
      .not.include("123");
  });
});
