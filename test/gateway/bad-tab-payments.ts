import { expect } from "chai";
import { numberToHex, zeroAddress } from "viem";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { DEADLINE, JOURNAL_RULES } from "../../src/gateway/settings.ts";
import type { ProblemCode } from "../../src/gateway/problem.ts";
import type { Request } from "../../src/protocol/request.ts";
import { until } from "../helpers/until.ts";
import { answerIn, codeIn, FLOWER, order, OTHER_FLOWER, send, tampered, type Json, type Order } from "./orders.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

const ANYBODY = "0x00000000000000000000000000000000000000ab";
const NO_MODEL = numberToHex(7, { size: 32 });

after(stopMarket);

describe("a payment from a tab", () => {
  let world: World;
  let payer: HDAccount;

  before(async () => {
    world = await startWorld();
    payer = await world.payer({ funds: 5n * DOLLAR, stake: DOLLAR });
  });
  after(async () => world.stop());

  const refused = async (what: Order, code: ProblemCode): Promise<void> => {
    const before = await world.books();
    const reply = await send(world, what);
    expect(codeIn(reply)).to.equal(code);
    expect(await world.books()).to.deep.equal(before);
  };

  describe("is refused, and nothing is promised, journalled or sent", () => {
    const terms: Record<string, Partial<Request>> = {
      "a price below the list": { price: PRICE - 1n },
      "a lower prover's fee": { proverFee: DOLLAR / 100n - 1n },
      "a higher prover's fee": { proverFee: DOLLAR / 100n + 1n },
      "a higher penalty": { penalty: DOLLAR + 1n },
      "a consumer": { consumer: ANYBODY },
      "a locked request": { locked: true },
      "another provider": { provider: ANYBODY },
      "another verifier": { verifier: ANYBODY },
      "another model": { model: NO_MODEL },
      "another input": { input: numberToHex(9, { size: 32 }) },
      "no payer": { payer: zeroAddress },
    };
    const withTerms = async (request: Partial<Request>): Promise<void> =>
      refused(await order(world, payer, { request }), "wrong-terms");
    for (const [what, request] of Object.entries(terms)) it(`with ${what}`, async () => withTerms(request));

    it("with a body of another input, or under another salt", async () => {
      const { id, payment, body } = await order(world, payer);
      await refused({ id, payment, body: { ...body, input: OTHER_FLOWER } }, "wrong-terms");
      await refused({ id, payment, body: { ...body, salt: numberToHex(99_999, { size: 32 }) } }, "wrong-terms");
      await refused({ id, payment, body: { input: FLOWER } }, "wrong-terms");
    });

    it("on another chain, by the name or by the signature", async () => {
      const { id, payment, body } = await order(world, payer);
      const accepted = { ...payment.accepted, network: "eip155:8453" };
      await refused({ id, body, payment: { ...payment, accepted } }, "wrong-terms");
      await refused(await order(world, payer, { deployment: { chainId: 8453 } }), "bad-signature");
    });

    it("signed for another escrow, or by another key", async () => {
      await refused(await order(world, payer, { deployment: { escrow: ANYBODY } }), "bad-signature");
      await refused(await order(world, payer, { signer: world.provider }), "bad-signature");
    });

    it("with any field of the request changed after it was signed", async () => {
      const { id, payment, body } = await order(world, payer);
      const signed = payment.payload["request"] as Json;
      const changes: Json = {
        payer: world.provider.address,
        price: (PRICE + 1n).toString(),
        penalty: "0",
        deadline: (signed["deadline"] as number) + 1,
        nonce: "1",
      };
      for (const [name, value] of Object.entries(changes)) {
        const payload = { ...payment.payload, request: { ...signed, [name]: value } };
        await refused({ id, body, payment: { ...payment, payload } }, "bad-signature");
      }
    });

    it("with a signature that was tampered with, or that no key can have made", async () => {
      const { id, payment, body } = await order(world, payer);
      const signature = payment.payload["signature"] as string;
      const high = `${signature.slice(0, 66)}7${"f".repeat(63)}`;
      const signatures = [
        [tampered(signature), "bad-signature"],
        [`0x${"0".repeat(128)}`, "malformed-payment"],
        [high, "malformed-payment"],
        [signature.slice(0, -2), "malformed-payment"],
      ] as const;
      for (const [given, code] of signatures) {
        await refused({ id, body, payment: { ...payment, payload: { ...payment.payload, signature: given } } }, code);
      }
    });

    it("with a deadline that is over, too near or too far", async () => {
      const now = await world.now();
      for (const deadline of [0, now - 1, now + DEADLINE.least - 1, now + DEADLINE.most + 60]) {
        await refused(await order(world, payer, { request: { deadline } }), "bad-deadline");
      }
    });

    it("with a nonce too far ahead", async () => {
      const { issued } = await world.tab(payer.address);
      const nonce = BigInt(issued + JOURNAL_RULES.nonceWindow);
      await refused(await order(world, payer, { nonce }), "nonce-too-high");
      await refused(await order(world, payer, { nonce: 2n ** 256n - 1n }), "nonce-too-high");
    });

    it("in another scheme, or another version of x402", async () => {
      const { id, payment, body } = await order(world, payer);
      for (const scheme of ["upto", "", "__proto__", "確定"]) {
        const accepted = { ...payment.accepted, scheme };
        await refused({ id, body, payment: { ...payment, accepted } }, "unknown-scheme");
      }
      await refused({ id, body, payment: { ...payment, x402Version: 1 } }, "malformed-payment");
    });

    it("by somebody without a tab", async () => {
      await refused(await order(world, await world.payer()), "no-tab");
    });

    it("beyond what the tab covers", async () => {
      const poor = await world.payer({ funds: PRICE - 1n, stake: DOLLAR });
      await refused(await order(world, poor), "underfunded");
    });

    it("with a penalty beyond the stake", async () => {
      const trusting = await world.payer({ funds: DOLLAR, stake: DOLLAR - 1n });
      await refused(await order(world, trusting), "understaked");
    });

    it("with a deadline too near to the tab's exit", async () => {
      const { market, provider } = world;
      const leaving = await world.payer({ funds: DOLLAR, stake: DOLLAR });
      await market.escrow.write.startExit([leaving.address, provider.address], { account: provider.address });
      await until(async () => (await world.tab(leaving.address)).exitAt > 0);
      // Half a day later, for which nobody can wait here.
      await world.gateway.store.database.query("UPDATE assay.tabs SET exit_at = exit_at - 43200 WHERE payer = $1", [
        leaving.address.toLowerCase(),
      ]);
      const deadline = (await world.tab(leaving.address)).exitAt - JOURNAL_RULES.exitMargin;
      await refused(await order(world, leaving, { request: { deadline: deadline + 1 } }), "exiting");
      answerIn(await send(world, await order(world, leaving, { request: { deadline } })));
    });
  });

  it("that is replayed gets the same answer and receipt, and is charged once", async () => {
    const once = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const asked = await order(world, once);
    const first = answerIn(await send(world, asked));
    const before = await world.books();
    expect(answerIn(await send(world, asked))).to.deep.equal(first);
    expect(await world.books()).to.deep.equal(before);
    expect((await world.tab(once.address)).promised).to.equal(PRICE);
  });

  it("is refused for a nonce that another request has, and the first one still stands", async () => {
    const twice = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const asked = await order(world, twice, { nonce: 3n });
    const first = answerIn(await send(world, asked));
    await refused(await order(world, twice, { nonce: 3n }), "nonce-used");
    expect(answerIn(await send(world, asked))).to.deep.equal(first);
  });

  it("costs the list's price, however much it offers", async () => {
    const generous = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const { charge } = answerIn(await send(world, await order(world, generous, { request: { price: DOLLAR } })));
    expect(charge).to.equal(PRICE.toString());
    expect((await world.tab(generous.address)).promised).to.equal(PRICE);
  });
});
