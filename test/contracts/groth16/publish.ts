import { expect } from "chai";
import { bn254 } from "@noble/curves/bn254";
import { concatHex, keccak256, numberToHex, parseEventLogs, zeroHash } from "viem";
import type { Hex } from "viem";

import { startChain } from "../../../scripts/local/chain.ts";
import type { LocalChain } from "../../../scripts/local/chain.ts";
import { groth16VerifierAbi } from "../../../src/protocol/abi/groth16-verifier.ts";
import { FIELD_ORDER, G2_GENERATOR } from "../../../src/protocol/bn254.ts";
import type { G1Point, G2Point } from "../../../src/protocol/bn254.ts";
import { modelOf } from "../../../src/protocol/model.ts";
import type { VerificationKey } from "../../../src/protocol/model.ts";
import { keyFromSnarkjs } from "../../../src/protocol/snarkjs.ts";
import { randomKey, randomPhase1 } from "../../helpers/groth16.ts";
import { outsideSubgroup } from "../../helpers/points.ts";
import { seededRandom } from "../../helpers/random.ts";
import { revertOf } from "../../helpers/reverts.ts";

const MANIFEST = keccak256("0x6d");
const INFINITY: G1Point = { x: 0n, y: 0n };
const INFINITY2: G2Point = { xImaginary: 0n, xReal: 0n, yImaginary: 0n, yReal: 0n };

describe("Groth16Verifier", () => {
  const random = seededRandom(7);
  const phase1 = randomPhase1(random);
  const [key, other] = [0, 1].map(() => keyFromSnarkjs(randomKey(phase1, random).verificationKey)) as [
    VerificationKey,
    VerificationKey,
  ];
  let chain: LocalChain;

  before(async () => {
    chain = await startChain(key);
  });
  after(() => chain.connection.close());

  const negative = (point: G1Point): G1Point => ({ x: point.x, y: FIELD_ORDER - point.y });
  const negative2 = (point: G2Point): G2Point => ({
    ...point,
    yImaginary: (FIELD_ORDER - point.yImaginary) % FIELD_ORDER,
    yReal: (FIELD_ORDER - point.yReal) % FIELD_ORDER,
  });
  const publish = ({ delta, ic }: Pick<VerificationKey, "delta" | "ic">, uri = "ipfs://a") =>
    chain.verifier.write.publish([delta, [...ic], MANIFEST, uri]);
  const eventsOf = async (hash: `0x${string}`) => {
    const { logs } = await chain.client.getTransactionReceipt({ hash });
    return parseEventLogs({ abi: groth16VerifierAbi, logs, eventName: "Published" }).map(({ args }) => args);
  };

  describe("its deployment", () => {
    const deploy = ({ alpha, beta, gamma }: Pick<VerificationKey, "alpha" | "beta" | "gamma">) =>
      chain.connection.viem.deployContract("Groth16Verifier", [alpha, beta, gamma]);
    // A constructor's revert reaches the client as text: the abi it knows is the caller's.
    const refuses = async (change: Partial<VerificationKey>, reason: string): Promise<void> => {
      const error = await deploy({ ...key, ...change }).then(() => "deployed", String);
      expect(error).to.include(reason);
    };

    it("refuses an alpha that is at infinity, off the curve, or not canonical", async () => {
      await refuses({ alpha: INFINITY }, 'BadPoint("alpha")');
      await refuses({ alpha: { ...key.alpha, y: key.alpha.y ^ 1n } }, 'BadPoint("alpha")');
      await refuses({ alpha: { ...key.alpha, x: key.alpha.x + FIELD_ORDER } }, 'BadPoint("alpha")');
      await refuses({ alpha: { ...key.alpha, y: key.alpha.y + FIELD_ORDER } }, 'BadPoint("alpha")');
    });

    it("refuses a beta that is at infinity, off the twist, or outside the subgroup", async () => {
      await refuses({ beta: INFINITY2 }, 'BadPoint("beta")');
      await refuses({ beta: { ...key.beta, yReal: key.beta.yReal ^ 1n } }, 'BadPoint("beta")');
      await refuses({ beta: outsideSubgroup() }, 'BadPoint("beta")');
    });

    it("refuses a gamma other than the generator, its negative included", async () => {
      await refuses({ gamma: key.beta }, "GammaNotGenerator()");
      await refuses({ gamma: negative2(G2_GENERATOR) }, "GammaNotGenerator()");
      await refuses({ gamma: { ...G2_GENERATOR, xReal: 1n } }, "GammaNotGenerator()");
      await refuses({ gamma: { ...G2_GENERATOR, xImaginary: 1n } }, "GammaNotGenerator()");
      await refuses({ gamma: { ...G2_GENERATOR, yImaginary: 1n } }, "GammaNotGenerator()");
      await refuses({ gamma: { ...G2_GENERATOR, yReal: 1n } }, "GammaNotGenerator()");
    });

    it("keeps what all its models share", async () => {
      expect(await chain.verifier.read.phase1()).to.deep.equal([key.alpha, key.beta, G2_GENERATOR]);
    });
  });

  describe("publish", () => {
    it("refuses a delta that is at infinity, off the twist, or outside the subgroup", async () => {
      const expected = { name: "BadPoint", args: ["delta"] };
      for (const coordinate of ["xImaginary", "xReal", "yImaginary", "yReal"] as const) {
        const delta = { ...key.delta, [coordinate]: key.delta[coordinate] ^ 1n };
        expect(await revertOf(publish({ ...key, delta }))).to.deep.equal(expected);
      }
      expect(await revertOf(publish({ ...key, delta: INFINITY2 }))).to.deep.equal(expected);
      expect(await revertOf(publish({ ...key, delta: outsideSubgroup() }))).to.deep.equal(expected);
    });

    it("refuses a delta that is gamma or its negative: a phase 2 that nobody did", async () => {
      const expected = { name: "DeltaIsGamma", args: [] };
      expect(await revertOf(publish({ ...key, delta: G2_GENERATOR }))).to.deep.equal(expected);
      expect(await revertOf(publish({ ...key, delta: negative2(G2_GENERATOR) }))).to.deep.equal(expected);
    });

    it("refuses points of IC at infinity, off the curve, or not canonical", async () => {
      for (let index = 0; index < 4; index++) {
        const { x, y } = key.ic[index] as G1Point;
        for (const point of [INFINITY, { x, y: y ^ 1n }, { x: x + FIELD_ORDER, y }, { x, y: y + FIELD_ORDER }]) {
          const ic = key.ic.with(index, point) as unknown as VerificationKey["ic"];
          expect(await revertOf(publish({ ...key, ic }))).to.deep.equal({ name: "BadPoint", args: ["ic"] });
        }
      }
    });

    it("refuses two points of IC that are equal or opposite, whichever two", async () => {
      for (let first = 0; first < 4; first++) {
        for (let second = first + 1; second < 4; second++) {
          const point = key.ic[first] as G1Point;
          for (const copy of [point, negative(point)]) {
            const ic = key.ic.with(second, copy) as unknown as VerificationKey["ic"];
            const args = [BigInt(first), BigInt(second)];
            expect(await revertOf(publish({ ...key, ic }))).to.deep.equal({ name: "RepeatedPoint", args });
          }
        }
      }
    });

    it("takes four points of IC, no fewer and no more", async () => {
      for (const ic of [key.ic.slice(0, 3), [...key.ic, key.alpha]]) {
        const failed = await publish({ ...key, ic: ic as unknown as VerificationKey["ic"] }).then(
          () => false,
          () => true,
        );
        expect(failed).to.equal(true);
      }
    });

    it("stores a key under an id that only key and manifest decide", async () => {
      const model = modelOf(key, MANIFEST);
      expect(await revertOf(chain.verifier.read.keyOf([model]))).to.deep.equal({ name: "UnknownModel", args: [model] });

      const hash = await publish(key);

      expect(await eventsOf(hash)).to.deep.equal([{ model, manifestHash: MANIFEST, uri: "ipfs://a" }]);
      expect(await chain.verifier.read.keyOf([model])).to.deep.equal([key.delta, key.ic]);
      expect(await chain.verifier.read.modelOf([key.delta, [...key.ic], MANIFEST])).to.equal(model);
      expect(await chain.verifier.read.modelOf([key.delta, [...key.ic], zeroHash])).to.not.equal(model);
    });

    it("changes nothing when it is done again, by anyone, but says the new address of the manifest", async () => {
      const model = modelOf(other, MANIFEST);
      await publish(other);
      const [, wallet] = chain.wallets;
      const again = await chain.verifier.write.publish([other.delta, [...other.ic], MANIFEST, "https://b"], {
        account: wallet?.account,
      });
      expect(await eventsOf(again)).to.deep.equal([{ model, manifestHash: MANIFEST, uri: "https://b" }]);
      expect(await chain.verifier.read.keyOf([model])).to.deep.equal([other.delta, other.ic]);
    });
  });

  it("takes no proof with A at infinity, not even from who knows the key's secrets", async () => {
    const open = randomKey(phase1, random);
    const { delta, ic } = keyFromSnarkjs(open.verificationKey);
    await publish({ delta, ic });
    const claim = {
      request: zeroHash,
      model: await chain.verifier.read.modelOf([delta, [...ic], MANIFEST]),
      input: numberToHex(1n, { size: 32 }),
      output: numberToHex(2n, { size: 32 }),
      charge: 1n,
      context: numberToHex(3n, { size: 32 }),
    };
    const holds = async (proof: Hex): Promise<boolean[]> => [
      await chain.verifier.read.verify([[claim], proof]),
      await chain.verifier.read.verify([[claim, claim], concatHex([proof, proof])]),
    ];
    const wordsOf = ({ pi_a: a, pi_b: b, pi_c: c }: ReturnType<typeof open.prove>): bigint[] =>
      [a[0], a[1], b[0][1], b[0][0], b[1][1], b[1][0], c[0], c[1]].map(BigInt);
    const bytesOf = (words: readonly bigint[]): Hex => concatHex(words.map((word) => numberToHex(word, { size: 32 })));

    expect(await holds(bytesOf(wordsOf(open.prove([1n, 2n, 3n], random))))).to.deep.equal([true, true]);
    const words = wordsOf(open.prove([1n, 2n, 3n], random, 0n));
    expect(words.slice(0, 2)).to.deep.equal([0n, 0n]);
    expect(await holds(bytesOf(words))).to.deep.equal([false, false]);
    expect(await holds(bytesOf(words.with(1, FIELD_ORDER)))).to.deep.equal([false, false]);
  });

  it("knows the generator of the second group", () => {
    const { x, y } = bn254.G2.ProjectivePoint.BASE.toAffine();
    expect(G2_GENERATOR).to.deep.equal({ xImaginary: x.c1, xReal: x.c0, yImaginary: y.c1, yReal: y.c0 });
  });
});
