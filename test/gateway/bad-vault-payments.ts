import { expect } from "chai";
import { zeroAddress, zeroHash } from "viem";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import type { ProblemCode } from "../../src/gateway/problem.ts";
import { randomNonce } from "../../src/protocol/authorization.ts";
import { split } from "../../src/protocol/signature.ts";
import { quotedRequirement } from "../../src/x402/quote.ts";
import { answerIn, codeIn, OTHER_FLOWER, send, tampered, type Json, type Order } from "./orders.ts";
import { until } from "../helpers/until.ts";
import { authorize, paidOrder, payQuote, quote, type Quoted } from "./quotes.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

const ANYBODY = "0x00000000000000000000000000000000000000ab";

after(stopMarket);

describe("a stock payment", () => {
  let world: World;
  let payer: HDAccount;

  before(async () => {
    world = await startWorld();
    payer = await world.payer({ wallet: 10n * DOLLAR });
  });
  after(async () => world.stop());

  const refused = async (what: Order, code: ProblemCode): Promise<void> => {
    const before = await world.books();
    const reply = await send(world, what);
    expect(codeIn(reply)).to.equal(code);
    expect(await world.books()).to.deep.equal(before);
    expect(await stateOf(what.id)).to.equal(0);
  };
  const stateOf = async (id: Order["id"]): Promise<number> => {
    const { state } = await world.market.escrow.read.lockOf([id]);
    return state;
  };

  /** All places in a value, and the value with another thing there. */
  function* edits(value: unknown): Generator {
    if (typeof value !== "object" || value === null) {
      yield typeof value === "boolean" ? !value : otherThan(value);
      return;
    }
    for (const [name, part] of Object.entries(value)) {
      for (const edited of edits(part)) yield { ...value, [name]: edited };
    }
    yield { ...value, more: 1 };
  }
  const otherThan = (value: unknown): unknown => {
    if (typeof value === "number") return value + 1;
    const text = String(value);
    const last = text.endsWith("1") ? "2" : "1";
    return text.slice(0, -1) + last;
  };

  describe("is refused, and nothing is journalled or sent", () => {
    it("for a quote with anything in it edited", async () => {
      const quoted = await quote(world);
      const paid = await payQuote(world, quoted, payer);
      const accepts = [...edits(quoted.accepted)] as Json[];
      expect(accepts.length).to.be.above(20);
      for (const accepted of accepts) {
        // Other tests are of these two; and what stands beside a requirement's own fields is not looked at.
        const isOther = accepted["scheme"] !== "exact" || accepted["network"] !== quoted.accepted.network;
        if (isOther || "more" in accepted) continue;
        await refused({ ...paid, payment: { ...paid.payment, accepted } }, "stale-quote");
      }
    });

    it("for a quote that was made with another key", async () => {
      const { request, body, id } = await quote(world);
      const { deployment, tokenOf: token } = world.market;
      const accepted = quotedRequirement(request, zeroHash, {
        deployment,
        token,
        quoteKey: randomNonce(),
        seconds: 300,
      });
      await refused(await payQuote(world, { request, body, id, accepted }, payer), "stale-quote");
    });

    it("for another input", async () => {
      const paid = await payQuote(world, await quote(world), payer);
      await refused({ ...paid, body: { input: OTHER_FLOWER } }, "wrong-terms");
    });

    it("on another chain", async () => {
      const { payment, ...paid } = await payQuote(world, await quote(world), payer);
      const accepted = { ...payment.accepted, network: "eip155:8453" };
      await refused({ ...paid, payment: { ...payment, accepted } }, "wrong-terms");
    });

    it("of another value, to another address, or at another time", async () => {
      const now = BigInt(await world.now());
      const changes = [
        { value: PRICE - 1n },
        { value: PRICE + 1n },
        { to: payer.address },
        { validBefore: now - 1n },
        { validAfter: now + 300n },
      ];
      for (const change of changes) {
        const quoted = await quote(world);
        await refused(paidOrder(quoted, await authorize(world, quoted, payer, change)), "wrong-terms");
      }
    });

    it("signed by somebody else, for another token, or for another chain", async () => {
      const quoted = await quote(world);
      const { signature, authorization } = await authorize(world, quoted, payer);
      const other = { ...authorization, from: world.provider.address };
      await refused(paidOrder(quoted, { signature, authorization: other }), "bad-signature");
      for (const token of [{ verifyingContract: ANYBODY }, { chainId: 8453 }, { name: "USDC" }] as const) {
        await refused(paidOrder(quoted, await authorize(world, quoted, payer, {}, token)), "bad-signature");
      }
    });

    it("with a signature that was tampered with, or that no key can have made", async () => {
      const quoted = await quote(world);
      const { payment, ...paid } = await payQuote(world, quoted, payer);
      const { signature: honest, authorization } = payment.payload as { signature: string; authorization: Json };
      for (const signature of [tampered(honest), `0x${"0".repeat(130)}`, `${honest.slice(0, -2)}63`]) {
        await refused({ ...paid, payment: { ...payment, payload: { signature, authorization } } }, "bad-signature");
      }
      const payload = { signature: honest.slice(0, -2).slice(0, 100), authorization };
      await refused({ ...paid, payment: { ...payment, payload } }, "malformed-payment");
    });

    it("by somebody without the money", async () => {
      await refused(await payQuote(world, await quote(world), await world.payer()), "payment-failed");
    });

    it("by an authorization that paid for something else", async () => {
      const nonce = randomNonce();
      const first = await quote(world);
      answerIn(await send(world, paidOrder(first, await authorize(world, first, payer, { nonce }))));
      const second = await quote(world);
      await refused(paidOrder(second, await authorize(world, second, payer, { nonce })), "payment-failed");
    });

    it("for a payer that the escrow would lose the money of", async () => {
      const body = { payer: world.market.escrow.address };
      await refused(await payQuote(world, await quote(world, body), payer), "payment-failed");
    });

    it("for a lock that is over", async () => {
      const { market, provider } = world;
      const rich = market.account("client");
      const quoted = await quote(world, { input: OTHER_FLOWER, payer: rich.address });
      await market.escrow.write.open([quoted.request], { account: rich.address });
      await market.escrow.write.reclaim([quoted.request], { account: provider.address });
      const before = await world.books();
      expect(codeIn(await send(world, await payQuote(world, quoted, rich)))).to.equal("closed");
      // Where the gateway has seen the lock by then, its row stays with what the chain says of it.
      const { requests, ...after } = await world.books();
      const others = requests.filter((each) => !each.startsWith(quoted.id));
      expect({ ...after, requests: others }).to.deep.equal(before);
    });
  });

  const locked = async ({ id }: Pick<Quoted, "id">): Promise<[address: string, state: number]> => {
    const { payer: holder, state } = await world.market.escrow.read.lockOf([id]);
    return [holder, state];
  };

  it("still opens the lock when somebody else submitted its authorization first", async () => {
    const { market } = world;
    for (const named of [zeroAddress, payer.address]) {
      const quoted = await quote(world, { input: OTHER_FLOWER, payer: named });
      const { authorization, signature } = await authorize(world, quoted, payer);
      const { from, to, value, validAfter, validBefore, nonce } = authorization;
      const { v, r, s } = split(signature);
      const args = [from, to, value, validAfter, validBefore, nonce, v, r, s] as const;
      await market.token.write.transferWithAuthorization(args, { account: market.account("stranger").address });
      answerIn(await send(world, paidOrder(quoted, { authorization, signature })));
      expect(await locked(quoted)).to.deep.equal([payer.address, 1]);
    }
  });

  it("does not make another's money its own, though that is in the vault", async () => {
    const { market } = world;
    const quoted = await quote(world, { input: OTHER_FLOWER });
    const { authorization, signature } = await authorize(world, quoted, payer);
    const { from, to, value, validAfter, validBefore, nonce } = authorization;
    const { v, r, s } = split(signature);
    const args = [from, to, value, validAfter, validBefore, nonce, v, r, s] as const;
    await market.token.write.transferWithAuthorization(args, { account: market.account("stranger").address });
    // One who saw the quote, with money and without.
    for (const thief of [market.account("client"), await world.payer({})]) {
      const reply = await send(world, paidOrder(quoted, await authorize(world, quoted, thief)));
      expect(codeIn(reply)).to.equal("payment-failed");
    }
    answerIn(await send(world, paidOrder(quoted, { authorization, signature })));
    expect(await locked(quoted)).to.deep.equal([payer.address, 1]);
  });

  it("gets the same answer again when its time is over", async () => {
    const quoted = await quote(world);
    const validBefore = BigInt((await world.now()) + 8);
    const paid = paidOrder(quoted, await authorize(world, quoted, payer, { validBefore }));
    const first = answerIn(await send(world, paid));
    await until(async () => BigInt(await world.now()) > validBefore);
    expect(answerIn(await send(world, paid))).to.deep.equal(first);
    expect(await locked(quoted)).to.deep.equal([payer.address, 1]);
  });

  it("is not needed for a lock that its payer opened", async () => {
    const { market } = world;
    const rich = market.account("client");
    const quoted = await quote(world, { input: OTHER_FLOWER, payer: rich.address });
    await market.escrow.write.open([quoted.request], { account: rich.address });
    const before = await market.token.read.balanceOf([rich.address]);
    answerIn(await send(world, await payQuote(world, quoted, rich)));
    expect(await market.token.read.balanceOf([rich.address])).to.equal(before);
  });

  it("is taken once, however often it is sent at the same time", async () => {
    const quoted = await quote(world);
    const paid = await payQuote(world, quoted, payer);
    const before = await world.market.token.read.balanceOf([payer.address]);
    const replies = await Promise.all(Array.from({ length: 10 }, async () => send(world, paid)));
    const [first, ...others] = replies.map(answerIn);
    for (const other of others) expect(other).to.deep.equal(first);
    expect(before - (await world.market.token.read.balanceOf([payer.address]))).to.equal(PRICE);
    expect(await locked(quoted)).to.deep.equal([payer.address, 1]);
  });
});
