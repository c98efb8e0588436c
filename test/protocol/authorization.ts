import { expect } from "chai";

import {
  fundingNonce,
  randomNonce,
  receiveTypedDataOf,
  transferTypedDataOf,
  type Authorization,
} from "../../src/protocol/authorization.ts";
import { idOf } from "../../src/protocol/request.ts";
import { sign } from "../../src/protocol/signature.ts";
import { vaultOf } from "../../src/protocol/vault.ts";
import { deployProtocol, randomAccount, randomRequest, RUNS } from "../helpers/protocol.ts";
import { fuzz, times, type Random } from "../helpers/random.ts";

const BALANCE = 2n ** 100n;

async function deployWithPayer(random: Random) {
  const protocol = await deployProtocol();
  const payer = randomAccount(random);
  await protocol.token.write.mint([payer.address, BALANCE]);
  const { timestamp } = await protocol.client.getBlock();
  return { ...protocol, payer, timestamp };
}

function randomTimes(random: Random, timestamp: bigint): Pick<Authorization, "validAfter" | "validBefore"> {
  const validBefore = timestamp + 1_000n + random.uint(200);
  return { validAfter: BigInt(random.below(Number(timestamp) - 1)), validBefore };
}

describe("authorization", () => {
  it("funds a tab by one that the library signed", () =>
    fuzz(async (random) => {
      const { escrow, payer, timestamp, tokenDomain } = await deployWithPayer(random);
      await Promise.all(
        times(RUNS, async () => {
          const [provider, salt] = [`0x01${random.address().slice(4)}` as const, random.bytes32()];
          const authorization: Authorization = {
            from: payer.address,
            to: escrow.address,
            value: random.uint(96) || 1n,
            ...randomTimes(random, timestamp),
            nonce: fundingNonce(provider, salt),
          };
          const { value, validAfter, validBefore } = authorization;
          const signature = await sign(receiveTypedDataOf(authorization, tokenDomain), payer);
          await escrow.simulate.fundWithAuthorization([
            payer.address,
            provider,
            value,
            validAfter,
            validBefore,
            salt,
            signature,
          ]);
        }),
      );
    }));

  it("pays a vault by one that the library signed", () =>
    fuzz(async (random) => {
      const { escrow, payer, timestamp, tokenDomain, deployment } = await deployWithPayer(random);
      await Promise.all(
        times(RUNS, async () => {
          const request = {
            ...randomRequest(random),
            payer: payer.address,
            price: random.uint(96) || 1n,
            deadline: Number(timestamp) + 1_000,
            locked: true,
          };
          const authorization: Authorization = {
            from: payer.address,
            to: vaultOf(idOf(request, deployment), escrow.address),
            value: request.price,
            ...randomTimes(random, timestamp),
            nonce: random.bytes32(),
          };
          const signature = await sign(transferTypedDataOf(authorization, tokenDomain), payer);
          await escrow.simulate.openFromVault([request, { ...authorization, signature }]);
        }),
      );
    }));

  it("is refused by the token for another provider or salt than it names", () =>
    fuzz(async (random) => {
      const { escrow, payer, tokenDomain } = await deployWithPayer(random);
      const [provider, salt] = [random.address(), random.bytes32()];
      const authorization: Authorization = {
        from: payer.address,
        to: escrow.address,
        value: 1n,
        validAfter: 0n,
        validBefore: 2n ** 40n,
        nonce: fundingNonce(provider, salt),
      };
      const signature = await sign(receiveTypedDataOf(authorization, tokenDomain), payer);
      for (const [otherProvider, otherSalt] of [
        [random.address(), salt],
        [provider, random.bytes32()],
      ] as const) {
        const outcome = await escrow.simulate
          .fundWithAuthorization([payer.address, otherProvider, 1n, 0n, 2n ** 40n, otherSalt, signature])
          .then(
            () => "funded",
            () => "refused",
          );
        expect(outcome).to.equal("refused");
      }
    }));

  it("has 32 random bytes for a nonce", () => {
    const nonces = times(100, randomNonce);
    expect(new Set(nonces).size).to.equal(100);
    for (const nonce of nonces) expect(nonce).to.match(/^0x[0-9a-f]{64}$/);
  });
});
