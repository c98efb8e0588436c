import { bn254 } from "@noble/curves/bn254";
import { expect } from "chai";
import { concatHex, hexToBigInt, numberToHex, sliceHex, type Hex } from "viem";

import { BadPointError, checkG1, checkG2, FIELD_ORDER, G2_GENERATOR, GROUP_ORDER } from "../../src/protocol/bn254.ts";
import { publicInputsOf } from "../../src/protocol/claim.ts";
import { claimOf } from "../../src/protocol/fill.ts";
import { modelOf } from "../../src/protocol/model.ts";
import {
  keyFromSnarkjs,
  MalformedSnarkjsError,
  proofFromSnarkjs,
  publicSignalsFromSnarkjs,
} from "../../src/protocol/snarkjs.ts";
import { g1, g2, randomKey, randomPhase1, randomScalar, type Phase1 } from "../helpers/groth16.ts";
import { deployProtocol, randomRequest, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times, type Random } from "../helpers/random.ts";

async function deployVerifier(phase1: Phase1, random: Random) {
  const protocol = await deployProtocol();
  const { alpha, beta, gamma } = keyFromSnarkjs(randomKey(phase1, random).verificationKey);
  return { ...protocol, verifier: await protocol.viem.deployContract("Groth16Verifier", [alpha, beta, gamma]) };
}

describe("model", () => {
  it("has the id that the verifier gives it", () =>
    fuzz(async (random) => {
      const phase1 = randomPhase1(random);
      const { verifier } = await deployVerifier(phase1, random);
      const makeKey = () => keyFromSnarkjs(randomKey(phase1, random).verificationKey);
      // Points take long to make, so new keys are put together of a few keys' points.
      const keys = [makeKey(), makeKey(), makeKey(), makeKey(), makeKey()] as const;
      const anyPoint = () => random.pick(random.pick(keys).ic);
      await Promise.all(
        times(RUNS, async () => {
          const ic = [anyPoint(), anyPoint(), anyPoint(), anyPoint()] as const;
          const key = { ...random.pick(keys), ic };
          const manifestHash = random.bytes32();
          expect(modelOf(key, manifestHash)).to.equal(await verifier.read.modelOf([key.delta, key.ic, manifestHash]));
        }),
      );
    }));

  it("is proven by proofs and claims that the library encoded, one and many", () =>
    fuzz(async (random) => {
      const phase1 = randomPhase1(random);
      const { verifier, deployment } = await deployVerifier(phase1, random);
      const models = await Promise.all(
        times(3, async () => {
          const openKey = randomKey(phase1, random);
          const key = keyFromSnarkjs(openKey.verificationKey);
          const manifestHash = random.bytes32();
          await verifier.write.publish([key.delta, key.ic, manifestHash, ""]);
          return { openKey, id: modelOf(key, manifestHash) };
        }),
      );
      const proven = times(12, (index) => {
        const { openKey, id } = models[index % models.length] ?? expect.fail("there are no models");
        const element = () => numberToHex(random.uint(256) % GROUP_ORDER, { size: 32 });
        const request = { ...randomRequest(random), model: id, input: element() };
        const fill = { request, output: element(), charge: random.uint(96), prover: random.address() };
        const claim = claimOf(fill, deployment);
        return { claim, proof: proofFromSnarkjs(openKey.prove(publicInputsOf(claim), random)) };
      });

      for (const { claim, proof } of proven) expect(await verifier.read.verify([[claim], proof])).to.equal(true);
      const claims = proven.map(({ claim }) => claim);
      const proof = concatHex(proven.map((each) => each.proof));
      expect(await verifier.read.verify([claims, proof])).to.equal(true);
      expect(await verifier.read.verify([claims.toReversed(), proof])).to.equal(false);
    }));
});

describe("points", () => {
  const flip = (value: bigint) => value ^ 1n;

  it("are on the curve where Solidity finds them there", () =>
    fuzz(async (random) => {
      const { harness } = await deployProtocol();
      await Promise.all(
        times(RUNS, async (index) => {
          const [x, y] = g1(randomScalar(random));
          const point = { x: BigInt(x), y: index % 2 === 0 ? BigInt(y) : flip(BigInt(y)) };
          expect(accepts(() => checkG1(point, "point"))).to.equal(await harness.read.isOnCurve([point]));
        }),
      );
    }));

  it("are on the twist where Solidity finds them in the group", () =>
    fuzz(async (random) => {
      const { harness } = await deployProtocol();
      await Promise.all(
        times(RUNS, async (index) => {
          const [[xReal, xImaginary], [yReal, yImaginary]] = g2(randomScalar(random));
          const right = {
            xImaginary: BigInt(xImaginary),
            xReal: BigInt(xReal),
            yImaginary: BigInt(yImaginary),
            yReal: BigInt(yReal),
          };
          const coordinate = random.pick(["xImaginary", "xReal", "yImaginary", "yReal"]);
          const point = index % 2 === 0 ? right : { ...right, [coordinate]: flip(right[coordinate]) };
          expect(accepts(() => checkG2(point, "point"))).to.equal(await harness.read.isInGroup([point]));
        }),
      );
    }));

  it("are refused out of range and at infinity", () => {
    for (const point of [
      { x: 1n + FIELD_ORDER, y: 2n },
      { x: 1n, y: 2n + FIELD_ORDER },
      { x: 1n, y: 2n - FIELD_ORDER },
      { x: 0n, y: 0n },
    ]) {
      expect(() => checkG1(point, "alpha"))
        .to.throw(BadPointError)
        .include({ point: "alpha" });
    }
    for (const coordinate of ["xImaginary", "xReal", "yImaginary", "yReal"] as const) {
      for (const value of [G2_GENERATOR[coordinate] + FIELD_ORDER, G2_GENERATOR[coordinate] - FIELD_ORDER]) {
        expect(() => checkG2({ ...G2_GENERATOR, [coordinate]: value }, "delta")).to.throw(BadPointError);
      }
    }
    const infinity = { xImaginary: 0n, xReal: 0n, yImaginary: 0n, yReal: 0n };
    expect(() => checkG2(infinity, "delta"))
      .to.throw(BadPointError)
      .include({ point: "delta" });
  });

  it("of the second group need both parts of the equation to hold", () => {
    const { Fp, Fp2 } = bn254.fields;
    // At x = 1 the equation is y² = 1 + B, of which y = a + b i meets the real part alone if a² - b² is its real part,
    // and the imaginary part alone if 2ab is its imaginary part.
    const square = Fp2.add(Fp2.ONE, bn254.G2.CURVE.b);
    const sum = square.c0;
    const onlyReal = { yReal: Fp.div(sum + 1n, 2n), yImaginary: Fp.div(sum - 1n, 2n) };
    const onlyImaginary = { yReal: 1n, yImaginary: Fp.div(square.c1, 2n) };
    for (const y of [onlyReal, onlyImaginary]) {
      expect(() => checkG2({ xReal: 1n, xImaginary: 0n, ...y }, "delta")).to.throw(BadPointError, "not on the twist");
    }
  });

  it("have one form alone: zero is not written as the field's order", () => {
    const { Fp2 } = bn254.fields;
    const x = { c0: 0n, c1: 1n };
    const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), bn254.G2.CURVE.b));
    const point = { xImaginary: x.c1, xReal: 0n, yImaginary: y.c1, yReal: y.c0 };
    expect(checkG2(point, "delta")).to.equal(point);
    expect(() => checkG2({ ...point, xReal: FIELD_ORDER }, "delta")).to.throw(BadPointError);
  });

  function accepts(check: () => unknown): boolean {
    try {
      check();
      return true;
    } catch (error) {
      expect(error).to.be.instanceOf(BadPointError);
      return false;
    }
  }
});

/** A point of the second group with real coordinates, as snarkjs writes it. */
const g2Of = (x: string, y: string, z: string) => [x, y, z].map((real) => [real, "0"]);

describe("snarkjs files", () => {
  const random = seededRandom(1);
  const { verificationKey, prove } = randomKey(randomPhase1(random), random);
  const proof = prove([1n, 2n, 3n], random);

  it("have the second group's imaginary parts moved to the front", () => {
    const word = (hex: Hex, index: number) => hexToBigInt(sliceHex(hex, 32 * index, 32 * (index + 1))).toString();
    const encoded = proofFromSnarkjs(proof);
    const { pi_a: a, pi_b: b, pi_c: c } = proof;
    const expected = [a[0], a[1], b[0][1], b[0][0], b[1][1], b[1][0], c[0], c[1]];
    expect(times(8, (index) => word(encoded, index))).to.deep.equal(expected);
    expect(keyFromSnarkjs(verificationKey).gamma).to.deep.equal(G2_GENERATOR);
  });

  for (const [what, change] of [
    ["another protocol", { protocol: "plonk" }],
    ["another curve", { curve: "bls12381" }],
  ] as const) {
    it(`are refused with ${what}`, () => {
      expect(() => keyFromSnarkjs({ ...verificationKey, ...change })).to.throw(MalformedSnarkjsError);
      expect(() => proofFromSnarkjs({ ...proof, ...change })).to.throw(MalformedSnarkjsError);
    });
  }

  it("are refused for any other number of public inputs", () => {
    const { IC } = verificationKey;
    for (const change of [
      { nPublic: 2 },
      { nPublic: 4 },
      { nPublic: "3" },
      { IC: IC.slice(1) },
      { IC: [...IC, g1(9n)] },
    ]) {
      expect(() => keyFromSnarkjs({ ...verificationKey, ...change })).to.throw(MalformedSnarkjsError);
    }
    for (const signals of [["1", "2"], ["1", "2", "3", "4"], [], undefined]) {
      expect(() => publicSignalsFromSnarkjs(signals)).to.throw(MalformedSnarkjsError);
    }
  });

  it("are refused with a point at infinity", () => {
    for (const [change, error] of [
      [{ vk_alpha_1: ["0", "1", "0"] }, MalformedSnarkjsError],
      [{ vk_alpha_1: ["0", "0", "1"] }, BadPointError],
      [{ vk_delta_2: g2Of("0", "1", "0") }, MalformedSnarkjsError],
      [{ vk_delta_2: g2Of("0", "0", "1") }, BadPointError],
    ] as const) {
      expect(() => keyFromSnarkjs({ ...verificationKey, ...change })).to.throw(error);
    }
  });

  it("are refused with a point that is not affine", () => {
    const [x, y] = verificationKey.vk_delta_2;
    for (const z of [
      ["1", "1"],
      ["2", "0"],
    ]) {
      expect(() => keyFromSnarkjs({ ...verificationKey, vk_delta_2: [x, y, z] })).to.throw(MalformedSnarkjsError);
    }
    expect(() => keyFromSnarkjs({ ...verificationKey, vk_alpha_1: ["1", "2", "2"] })).to.throw(MalformedSnarkjsError);
  });

  it("are refused with a point off the curve, which the error names", () => {
    const { IC } = verificationKey;
    const [offCurve, offTwist] = [["1", "3", "1"], g2Of("1", "1", "1")];
    for (const [point, change] of [
      ["vk_alpha_1", { vk_alpha_1: offCurve }],
      ["vk_beta_2", { vk_beta_2: offTwist }],
      ["vk_gamma_2", { vk_gamma_2: offTwist }],
      ["vk_delta_2", { vk_delta_2: offTwist }],
      ["IC[2]", { IC: [IC[0], IC[1], offCurve, IC[3]] }],
    ] as const) {
      expect(() => keyFromSnarkjs({ ...verificationKey, ...change }))
        .to.throw(BadPointError)
        .include({ point });
    }
    for (const [point, change] of [
      ["pi_a", { pi_a: offCurve }],
      ["pi_b", { pi_b: offTwist }],
      ["pi_c", { pi_c: offCurve }],
    ] as const) {
      expect(() => proofFromSnarkjs({ ...proof, ...change }))
        .to.throw(BadPointError)
        .include({ point });
    }
  });

  it("are refused when they are something else", () => {
    for (const file of [undefined, null, 1, "groth16", [], {}, { ...verificationKey, IC: undefined }]) {
      expect(() => keyFromSnarkjs(file)).to.throw(MalformedSnarkjsError);
    }
    for (const number of ["", " 1", "0x1", "-1", "1.0", "1e3", 1, null, "9".repeat(79)]) {
      expect(() => publicSignalsFromSnarkjs(["1", number, "3"])).to.throw(MalformedSnarkjsError);
      expect(() => proofFromSnarkjs({ ...proof, pi_a: [number, "2", "1"] })).to.throw(MalformedSnarkjsError);
    }
  });

  it("have public signals below the group order, in the order input, output, context", () => {
    const word = (value: bigint) => numberToHex(value, { size: 32 });
    const highest = GROUP_ORDER - 1n;
    expect(publicSignalsFromSnarkjs(["1", highest.toString(), "3"])).to.deep.equal({
      input: word(1n),
      output: word(highest),
      context: word(3n),
    });
    expect(() => publicSignalsFromSnarkjs(["1", "2", GROUP_ORDER.toString()]))
      .to.throw(MalformedSnarkjsError)
      .include({ field: "publicSignals[2]" });
  });
});
