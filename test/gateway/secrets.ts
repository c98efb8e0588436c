import { expect } from "chai";
import { numberToHex } from "viem";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { signTopUp } from "../../src/x402/payment.ts";
import { until } from "../helpers/until.ts";
import { answerIn, FLOWER, order, post, send, tampered } from "./orders.ts";
import { authorize, paidOrder, payQuote, quote } from "./quotes.ts";
import { startWorld, stopMarket, type World } from "./world.ts";

/** Written as nobody else writes it, so that it can be found anywhere. */
const VALUE = "5.100000000000000000000000";
const SALT = numberToHex(0xc0ffee_c0ffee_c0ffeen, { size: 32 });

after(stopMarket);

describe("the gateway's log", () => {
  let world: World;
  let payer: HDAccount;

  before(async () => {
    world = await startWorld();
    payer = await world.payer({ wallet: 5n * DOLLAR });
  });
  after(async () => world.stop());

  it("holds no input, salt, key or signature, whatever happens", async () => {
    const { market, provider, infer } = world;
    const secrets: string[] = [VALUE, SALT, market.privateKey("provider")];
    const sending = async (what: { body: Record<string, unknown>; payment: { payload: Record<string, unknown> } }) => {
      secrets.push(...signaturesIn(what.payment.payload));
      return send(world, what);
    };
    const input = { ...FLOWER, "sepal length": VALUE };

    // What is refused, what fails, what goes on in the background, and what succeeds.
    await post(infer, JSON.stringify({ input, salt: SALT }));
    await post(infer, JSON.stringify({ input: { ...input, [VALUE]: SALT } }));
    await post(infer, `{"input":"${VALUE}`);
    const quoted = await quote(world, { input, salt: SALT });
    const poor = await authorize(world, quoted, await world.payer());
    await sending(paidOrder(quoted, poor));
    const paid = await payQuote(world, quoted, payer);
    await sending({
      ...paid,
      payment: { ...paid.payment, payload: { ...paid.payment.payload, signature: tampered(SALT) } },
    });
    answerIn(await sending(paid));
    const rich = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const { deployment, tokenOf: token } = market;
    const parties = { ...deployment, provider: provider.address, token };
    const topUp = await signTopUp(parties, 50n * DOLLAR, (await world.now()) + 600, rich);
    const asked = await order(world, rich, { topUp });
    secrets.push(String(asked.body["salt"]));
    const answer = answerIn(await sending(asked));
    secrets.push(answer.receipt);
    await until(() => world.logged.some(({ event }) => event === "background-failed"));

    const log = JSON.stringify(world.logged, (_key, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    ).toLowerCase();
    expect(log).to.include("listening");
    for (const secret of secrets) {
      const bare = secret.toLowerCase().replace(/^0x0*/, "");
      expect(log.includes(bare), secret).to.equal(false);
    }
  });
});

/** All signatures in a payload, and the halves that they are made of. */
function signaturesIn(payload: unknown): string[] {
  const found = JSON.stringify(payload).match(/0x[0-9a-fA-F]{128,130}/g) ?? [];
  return found.flatMap((each) => [each, each.slice(0, 66)]);
}
