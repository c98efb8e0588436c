import { expect } from "chai";
import { bn254 } from "@noble/curves/bn254";
import { concatHex, encodeFunctionData, keccak256, numberToHex, sliceHex, toHex } from "viem";
import type { Hex } from "viem";

import { FIELD_ORDER, GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import type { Claim } from "../../../src/protocol/claim.ts";
import { batchOf, challengeOf, proveClaims, shift, startVerifiers, withWord, wordOf } from "../../helpers/batch.ts";
import type { Proven } from "../../helpers/batch.ts";
import { outsideSubgroup } from "../../helpers/points.ts";
import { fuzz } from "../../helpers/random.ts";
import { revertOf } from "../../helpers/reverts.ts";
import { stopThreads } from "../../../src/model/groth16.ts";

const COUNT = 33;
const SIGNALS = ["input", "output", "context"] as const;
type World = Awaited<ReturnType<typeof startVerifiers>>;

describe("Groth16Verifier.verify, on real proofs", () => {
  let world: World;
  /** Of four models in turn. */
  let proven: Proven[];
  let verify: (claims: readonly Claim[], proof: Hex) => Promise<boolean>;

  before(async () => {
    world = await startVerifiers();
    proven = await proveClaims(world.models, COUNT);
    verify = (claims, proof) => world.verifier.read.verify([[...claims], proof]);
  });

  after(async () => {
    await stopThreads();
    await world.connection.close();
  });

  const some = (count: number): Proven[] => proven.slice(0, count);
  const one = (): Proven => proven[0] as Proven;
  const replace = (list: readonly Proven[], index: number, change: Partial<Proven>): Proven[] =>
    list.map((item, at) => (at === index ? { ...item, ...change } : item));
  /** For a lone claim and for one among others: `change` made to the claim at `index` is refused. */
  const refusesEverywhere = async (change: (item: Proven) => Partial<Proven>): Promise<void> => {
    expect(await verify(...batchOf([{ ...one(), ...change(one()) }]))).to.equal(false);
    for (const index of [0, 1, 3]) {
      const item = proven[index] as Proven;
      expect(await verify(...batchOf(replace(some(4), index, change(item)))), `claim ${index} of 4`).to.equal(false);
    }
  };

  describe("a single claim", () => {
    it("holds for every model", async () => {
      for (const item of some(4)) expect(await verify(...batchOf([item]))).to.equal(true);
    });

    it("is not bound to the claim's request and charge, which the escrow's context and receipt bind", async () => {
      const { claim, proof } = one();
      expect(await verify([{ ...claim, request: toHex(9n, { size: 32 }), charge: 2n }], proof)).to.equal(true);
    });

    it("agrees with the batch path on honest and on altered claims", async () => {
      const { claim, proof } = one();
      const altered = SIGNALS.map((signal) => shift(claim, signal, 1n));
      for (const candidate of [claim, ...altered, { ...claim, model: (proven[1] as Proven).claim.model }]) {
        const expected = await verify([candidate], proof);
        expect(await world.harness.read.verifyAsBatch([[candidate], proof])).to.equal(expected);
      }
      for (let index = 0; index < 8; index++) {
        const word = withWord(proof, index, (wordOf(proof, index) + 1n) % FIELD_ORDER);
        expect(await verify([claim], word)).to.equal(false);
        expect(await world.harness.read.verifyAsBatch([[claim], word])).to.equal(false);
      }
    });
  });

  describe("a batch", () => {
    it("holds for two, for many, and for many models in any order", async () => {
      for (const count of [2, 3, 4, 8, 32]) expect(await verify(...batchOf(some(count)))).to.equal(true);
      const sorted = some(32).toSorted((a, b) => (a.claim.model < b.claim.model ? -1 : 1));
      expect(await verify(...batchOf(sorted))).to.equal(true);
      expect(await verify(...batchOf(some(32).filter((_, index) => index % 4 === 0)))).to.equal(true);
    });

    it("holds for the same claim twice", async () => {
      expect(await verify(...batchOf([one(), one()]))).to.equal(true);
    });

    it("holds for one model however many claims there are, though hashing them leaves words in free memory", async () => {
      for (const count of [31, 32, 33, 34, 40, 64]) {
        const batch = batchOf(Array.from({ length: count }, one));
        expect(await verify(...batch), `${count} claims`).to.equal(true);
      }
    });

    it("pays for one pairing a model, not one a claim", async () => {
      const { client, verifier } = world;
      const gasOf = async (proofs: readonly Proven[]): Promise<bigint> => {
        const data = encodeFunctionData({ abi: verifier.abi, functionName: "verify", args: batchOf(proofs) });
        return client.estimateGas({ to: verifier.address, data });
      };
      const alike = await gasOf(Array.from({ length: 8 }, one));
      const unlike = await gasOf(some(8));
      // A pairing costs 34,000 gas (EIP-1108), and four models take three more than one.
      expect(Number(unlike - alike)).to.be.greaterThan(3 * 34_000);
    });

    it("refuses one bad claim among 32 good ones, wherever it stands", async () => {
      for (const index of [0, 1, 16, 32]) {
        for (const signal of SIGNALS) {
          const claim = shift((proven[index] as Proven).claim, signal, 1n);
          expect(await verify(...batchOf(replace(proven, index, { claim }))), `${signal} of ${index}`).to.equal(false);
        }
      }
    });

    it("draws its challenge from every word that it reads", async () => {
      const { deployment, harness } = world;
      const batch = batchOf(some(3));
      const challenge = await harness.read.challengeOf(batch);
      expect(challenge).to.equal(challengeOf(deployment.chainId, harness.address, batch));
      const [claims, proof] = batch;
      for (const field of ["request", "model", "input", "output", "context"] as const) {
        const changed = claims.map((claim, at) =>
          at === 2 ? { ...claim, [field]: numberToHex(5n, { size: 32 }) } : claim,
        );
        expect(await harness.read.challengeOf([changed, proof]), field).to.not.equal(challenge);
      }
      for (let index = 0; index < 24; index++) {
        expect(await harness.read.challengeOf([claims, withWord(proof, index, 5n)])).to.not.equal(challenge);
      }
    });
  });

  describe("forgeries of the batch", () => {
    /** Two claims of one model, whose inputs are shifted so that the errors cancel under a challenge that is known. */
    const shifted = (challenge: bigint, signal: (typeof SIGNALS)[number]): [Claim[], Hex] => {
      const [first, second] = [proven[0], proven[4]] as [Proven, Proven];
      const inverse = bn254.fields.Fr.inv(challenge);
      const amount = 987_654_321n;
      return batchOf([
        { ...first, claim: shift(first.claim, signal, amount) },
        { ...second, claim: shift(second.claim, signal, -amount * inverse) },
      ]);
    };

    it("the linear shift passes where the challenge leaves the inputs out", async () => {
      const [, proof] = batchOf([proven[0], proven[4]] as Proven[]);
      const challenge = BigInt(keccak256(proof)) % GROUP_ORDER;
      for (const signal of SIGNALS) {
        expect(await world.weak.read.verify(shifted(challenge, signal)), signal).to.equal(true);
        expect(await verify(...shifted(challenge, signal)), signal).to.equal(false);
      }
    });

    it("the linear shift fails under the challenge of the honest batch", async () => {
      const { deployment, verifier } = world;
      const honest = batchOf([proven[0], proven[4]] as Proven[]);
      const challenge = challengeOf(deployment.chainId, verifier.address, honest);
      for (const signal of SIGNALS) expect(await verify(...shifted(challenge, signal)), signal).to.equal(false);
    });

    it("swapped inputs, swapped outputs and swapped contexts are refused", async () => {
      const [first, second] = [proven[0], proven[4]] as [Proven, Proven];
      for (const signal of SIGNALS) {
        const swapped = [
          { ...first, claim: { ...first.claim, [signal]: second.claim[signal] } },
          { ...second, claim: { ...second.claim, [signal]: first.claim[signal] } },
        ];
        expect(await verify(...batchOf(swapped)), signal).to.equal(false);
      }
    });

    it("swapped proofs are refused, within a model and between models", async () => {
      const [first] = some(1) as [Proven];
      for (const second of [proven[4], proven[1]] as Proven[]) {
        const swapped = [
          { ...first, proof: second.proof },
          { ...second, proof: first.proof },
        ];
        expect(await verify(...batchOf(swapped))).to.equal(false);
      }
    });

    it("swapped models are refused", () => {
      const [first, second] = some(2) as [Proven, Proven];
      return refusesEverywhere(({ claim }) => {
        const { model } = claim.model === first.claim.model ? second.claim : first.claim;
        return { claim: { ...claim, model } };
      });
    });
  });

  describe("points that are none", () => {
    const infinities: readonly (readonly [string, readonly number[]])[] = [
      ["A", [0, 1]],
      ["B", [2, 3, 4, 5]],
      ["C", [6, 7]],
      ["all", [0, 1, 2, 3, 4, 5, 6, 7]],
    ];
    for (const [name, words] of infinities) {
      it(`${name} at infinity`, () =>
        refusesEverywhere(({ proof }) => ({ proof: words.reduce((bytes, word) => withWord(bytes, word, 0n), proof) })));
    }

    for (const [name, word] of [
      ["A", 1],
      ["B", 5],
      ["C", 7],
    ] as const) {
      it(`${name} off the curve`, () =>
        refusesEverywhere(({ proof }) => ({ proof: withWord(proof, word, wordOf(proof, word) ^ 1n) })));
    }

    it("a coordinate that is the same modulo P", async () => {
      for (let word = 0; word < 8; word++) {
        await refusesEverywhere(({ proof }) => ({ proof: withWord(proof, word, wordOf(proof, word) + FIELD_ORDER) }));
      }
    });

    it("a B on the twist but outside the subgroup", async () => {
      const { xImaginary, xReal, yImaginary, yReal } = outsideSubgroup();
      const words = [xImaginary, xReal, yImaginary, yReal];
      await refusesEverywhere(({ proof }) => ({
        proof: words.reduce((bytes, word, index) => withWord(bytes, 2 + index, word), proof),
      }));
    });

    it("the negative of A, of B, or of C", async () => {
      for (const words of [[1], [4, 5], [7]]) {
        await refusesEverywhere(({ proof }) => ({
          proof: words.reduce((bytes, at) => withWord(bytes, at, FIELD_ORDER - wordOf(bytes, at)), proof),
        }));
      }
    });
  });

  describe("input that makes no sense", () => {
    const reverts = async (claims: readonly Claim[], proof: Hex, error: string, args: unknown[]): Promise<void> => {
      expect(await revertOf(verify(claims, proof))).to.deep.equal({ name: error, args });
    };

    it("no claims", async () => {
      await reverts([], "0x", "NoClaims", []);
      await reverts([], one().proof, "NoClaims", []);
    });

    it("a proof that is empty, truncated, over-long, or for another number of claims", async () => {
      for (const count of [1, 3]) {
        const [claims, proof] = batchOf(some(count));
        const expected = BigInt(256 * count);
        await reverts(claims, "0x", "WrongProofLength", [0n, expected]);
        await reverts(claims, sliceHex(proof, 0, 256 * count - 1), "WrongProofLength", [expected - 1n, expected]);
        await reverts(claims, concatHex([proof, "0x00"]), "WrongProofLength", [expected + 1n, expected]);
        await reverts(claims, concatHex([proof, one().proof]), "WrongProofLength", [expected + 256n, expected]);
        await reverts([...claims, one().claim], proof, "WrongProofLength", [expected, expected + 256n]);
      }
    });

    it("a model that was never published", async () => {
      const model = keccak256("0x05");
      for (const list of [[one()], some(3)]) {
        const [claims, proof] = batchOf(replace(list, list.length - 1, { claim: { ...one().claim, model } }));
        await reverts(claims, proof, "UnknownModel", [model]);
      }
    });

    it("an input plus R, R itself, and 2^256 - 1", async () => {
      for (const signal of SIGNALS) {
        for (const count of [1, 3]) {
          const list = some(count);
          const { claim } = list[count - 1] as Proven;
          for (const value of [BigInt(claim[signal]) + GROUP_ORDER, GROUP_ORDER, 2n ** 256n - 1n]) {
            const changed = { ...claim, [signal]: numberToHex(value, { size: 32 }) };
            const [claims, proof] = batchOf(replace(list, count - 1, { claim: changed }));
            await reverts(claims, proof, "NotInField", [BigInt(count - 1), value]);
          }
        }
      }
    });

    it("the largest input in the field is one that is merely wrong", () =>
      refusesEverywhere(({ claim }) => ({ claim: { ...claim, output: numberToHex(GROUP_ORDER - 1n, { size: 32 }) } })));
  });

  it("never accepts a batch that random changes were made to", async () => {
    await fuzz(async (random) => {
      for (let run = 0; run < 100; run++) {
        const count = 1 + random.below(4);
        const first = random.below(COUNT - count);
        const list = proven.slice(first, first + count);
        const at = random.below(count);
        const { claim, proof } = list[at] as Proven;
        const flip = (hex: Hex): Hex => {
          const bit = random.below((hex.length - 2) * 4);
          return numberToHex(BigInt(hex) ^ (1n << BigInt(bit)), { size: (hex.length - 2) / 2 });
        };
        const signal = random.pick([...SIGNALS, "model"]);
        const change =
          random.below(2) === 0 ? { proof: flip(proof) } : { claim: { ...claim, [signal]: flip(claim[signal]) } };
        const accepted = await verify(...batchOf(replace(list, at, change))).catch(() => false);
        expect(accepted).to.equal(false);
      }
    });
  });
});
