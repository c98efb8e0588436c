import { expect } from "chai";
import { numberToHex, zeroHash, type ContractFunctionArgs } from "viem";

import type { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import type { verifierAbi } from "../../src/protocol/abi/verifier.ts";
import { GROUP_ORDER } from "../../src/protocol/bn254.ts";
import { NotInFieldError, publicInputsOf, type Claim } from "../../src/protocol/claim.ts";
import { contextOf } from "../../src/protocol/context.ts";
import { claimOf, type Fill } from "../../src/protocol/fill.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import * as Request from "../../src/protocol/request.ts";
import { deployProtocol, randomAccount, randomReceipt, randomRequest, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times, type Random } from "../helpers/random.ts";

describe("context", () => {
  it("is the one that the escrow computes", () =>
    fuzz(async (random) => {
      const { escrow, deployment } = await deployProtocol();
      const cases = times(RUNS, () => [random.bytes32(), random.address()] as const);
      const contexts = await Promise.all(cases.map((args) => escrow.read.contextOf(args)));
      expect(cases.map(([id, prover]) => contextOf(id, prover, deployment))).to.deep.equal(contexts);
    }));
});

describe("claim", () => {
  it("is the type that the ABI takes", () => {
    type AbiClaim = ContractFunctionArgs<typeof verifierAbi, "view", "verify">[0][number];
    const fromAbi = (claim: AbiClaim): Claim => claim;
    const toAbi = (claim: Claim): AbiClaim => claim;
    const random = seededRandom(0);
    const claim = { ...randomReceipt(random), model: zeroHash, input: zeroHash, context: zeroHash };
    expect(fromAbi(toAbi(claim))).to.equal(claim);
  });

  it("has public inputs below the group order only", () => {
    const word = (value: bigint) => numberToHex(value, { size: 32 });
    const good = { input: word(GROUP_ORDER - 1n), output: word(0n), context: word(1n) };
    expect(publicInputsOf(good)).to.deep.equal([GROUP_ORDER - 1n, 0n, 1n]);
    for (const signal of ["input", "output", "context"] as const) {
      for (const bad of [GROUP_ORDER, 2n ** 256n - 1n]) {
        expect(() => publicInputsOf({ ...good, [signal]: word(bad) }))
          .to.throw(NotInFieldError)
          .include({ signal, value: bad });
      }
    }
  });
});

describe("fill", () => {
  const BATCH = 50;

  it("is the type that the ABI takes", () => {
    type AbiFill = ContractFunctionArgs<typeof escrowAbi, "nonpayable", "settle">[0][number];
    const fromAbi = (fill: AbiFill): Fill => fill;
    const toAbi = (fill: Fill): AbiFill => fill;
    expect([fromAbi, toAbi]).to.have.length(2);
  });

  it("settles on the claim that the library makes of it, signed by the library", () =>
    fuzz(async (random) => {
      const { viem, client, token, escrow, deployment, sender } = await deployProtocol();
      const verifier = await viem.deployContract("HashVerifier");
      const payer = randomAccount(random);
      const provider = randomAccount(random);
      await token.write.mint([sender, 2n ** 95n]);
      await token.write.approve([escrow.address, 2n ** 95n]);
      await escrow.write.fund([payer.address, provider.address, 2n ** 95n]);
      const { timestamp } = await client.getBlock();

      async function makeFill(nonce: bigint, source: Random): Promise<Fill> {
        const charge = 1n + source.uint(64);
        const request: Request.Request = {
          ...randomRequest(source),
          payer: payer.address,
          provider: provider.address,
          verifier: verifier.address,
          price: charge + source.uint(32),
          proverFee: charge / 2n,
          deadline: Number(timestamp) + 1_000,
          locked: false,
          nonce,
        };
        const output = source.bytes32();
        const receipt = { request: Request.idOf(request, deployment), output, charge };
        return {
          request,
          signature: await Request.sign(request, deployment, payer),
          output,
          charge,
          receipt: await Receipt.sign(receipt, deployment, provider),
          prover: source.address(),
        };
      }

      for (let start = 0; start < RUNS; start += BATCH) {
        const fills = await Promise.all(times(BATCH, (index) => makeFill(BigInt(start + index), random)));
        const claims = fills.map((fill) => claimOf(fill, deployment));
        const proof = await verifier.read.prove([claims]);
        const { result } = await escrow.simulate.settle([fills, proof]);
        expect(result).to.equal(BigInt(BATCH));
      }
    }));
});
