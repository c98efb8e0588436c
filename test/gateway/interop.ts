/** Unmodified x402 clients of two versions, as their users would set them up. */
import { ExactEvmScheme } from "@x402/evm";
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { expect } from "chai";
import { isAddressEqual } from "viem";
import type { HDAccount } from "viem/accounts";
import { ExactEvmScheme as ExactEvmScheme29 } from "x402-evm-2.9";
import { wrapFetchWithPaymentFromConfig as wrapFetchWithPaymentFromConfig29 } from "x402-fetch-2.9";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { digestOf } from "../../src/protocol/receipt.ts";
import { idOf } from "../../src/protocol/request.ts";
import { fromHex } from "../../src/protocol/signature.ts";
import { requestSchema } from "../../src/protocol/wire.ts";
import { recoverSigner } from "../../src/gateway/secp256k1.ts";
import { networkOf, type WireAnswer } from "../../src/x402/scheme.ts";
import { errorOf } from "../helpers/errors.ts";
import { FLOWER, type Json } from "./orders.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

type Ask = (url: string, init: RequestInit) => Promise<Response>;
type ClientOf = (fetcher: typeof fetch, account: HDAccount) => Ask;

after(stopMarket);

describe("an unmodified x402 client", () => {
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(async () => world.stop());

  /** Tells too what was sent at last, so that it can be sent again. */
  const recorded = () => {
    const sent: Request[] = [];
    const record: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      sent.push(request.clone());
      return fetch(request);
    };
    return { record, sent };
  };
  const versions: Record<string, ClientOf> = {
    "2.27": (fetcher, account) => {
      const network = networkOf(world.market.deployment.chainId);
      const schemes = [{ network, client: new ExactEvmScheme(account) }];
      // A token of a development chain is none that the client knows.
      const spendControls = { allowedAssets: [{ network, asset: world.market.token.address }] };
      return wrapFetchWithPaymentFromConfig(fetcher, { schemes, spendControls });
    },
    "2.9": (fetcher, account) => {
      const network = networkOf(world.market.deployment.chainId);
      const schemes = [{ network, client: new ExactEvmScheme29(account) }];
      return wrapFetchWithPaymentFromConfig29(fetcher, { schemes });
    },
  };
  const ask = async (client: Ask, more: Json = {}): Promise<{ response: Response; text: string }> => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ input: FLOWER, ...more });
    const response = await client(world.infer, { method: "POST", headers, body });
    const text = await response.text();
    expect(response.status, text).to.equal(200);
    return { response, text };
  };

  const pays = (clientOf: ClientOf) => (): void => {
    it("pays, and gets an answer with a receipt that the provider signed", async () => {
      const { market, model, provider } = world;
      const payer = await world.payer({ wallet: DOLLAR });
      const { response, text } = await ask(clientOf(fetch, payer));
      const answer = JSON.parse(text) as WireAnswer;

      const request = requestSchema.parse(answer.request);
      const id = idOf(request, market.deployment);
      expect(answer.id).to.equal(id);
      expect(request).to.include({ model: model.id, price: PRICE, locked: true });
      const expected = model.answer(FLOWER, BigInt(answer.salt));
      expect(answer).to.include({ output: expected.output, value: "setosa", charge: PRICE.toString() });
      expect(request.input).to.equal(expected.input);
      const digest = digestOf({ request: id, output: answer.output, charge: PRICE }, market.deployment);
      expect(isAddressEqual(recoverSigner(digest, fromHex(answer.receipt)), provider.address)).to.equal(true);

      const settlement = decodePaymentResponseHeader(response.headers.get("PAYMENT-RESPONSE") ?? "");
      const { value: _value, ...receipt } = answer;
      expect(settlement).to.deep.include({ success: true, payer: payer.address, amount: PRICE.toString() });
      expect(settlement.extensions).to.deep.equal({ assay: receipt });
      const opening = await market.client.getTransactionReceipt({ hash: settlement.transaction as `0x${string}` });
      expect(opening.status).to.equal("success");
    });

    it("locks exactly the price, and can take it back if nobody proves the answer", async () => {
      const { market, provider } = world;
      const payer = await world.payer({ wallet: DOLLAR });
      const { text } = await ask(clientOf(fetch, payer));
      const { id, request } = JSON.parse(text) as WireAnswer;
      expect(await market.token.read.balanceOf([payer.address])).to.equal(DOLLAR - PRICE);
      expect(await market.escrow.read.lockOf([id])).to.deep.equal({ payer: payer.address, state: 1 });
      await market.escrow.write.reclaim([requestSchema.parse(request)], { account: provider.address });
      expect(await market.token.read.balanceOf([payer.address])).to.equal(DOLLAR);
    });

    it("gets the same answer when it sends the paid request again, and pays once", async () => {
      const { market } = world;
      const payer = await world.payer({ wallet: DOLLAR });
      const { record, sent } = recorded();
      const { text } = await ask(clientOf(record, payer));
      const before = await world.books();
      const again = await fetch(sent.at(-1)?.clone() as Request);
      expect(await again.text()).to.equal(text);
      expect(await world.books()).to.deep.equal(before);
      expect(await market.token.read.balanceOf([payer.address])).to.equal(DOLLAR - PRICE);
    });

    it("names who is refunded, and that one has the lock", async () => {
      const payer = await world.payer({ wallet: DOLLAR });
      const owner = await world.payer();
      const { text } = await ask(clientOf(fetch, payer), { payer: owner.address.toLowerCase() });
      const { id, request } = JSON.parse(text) as WireAnswer;
      expect(request.payer).to.equal(owner.address);
      const lock = await world.market.escrow.read.lockOf([id]);
      expect(lock.payer).to.equal(owner.address);
    });

    it("is told that its wallet is empty, and what would be right", async () => {
      const payer = await world.payer();
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ input: FLOWER });
      const response = await clientOf(fetch, payer)(world.infer, { method: "POST", headers, body });
      expect(response.status).to.equal(402);
      expect(await response.json()).to.include({ code: "payment-failed", x402Version: 2 });
    });
  };
  for (const [version, clientOf] of Object.entries(versions)) describe(`of version ${version}`, pays(clientOf));

  it("of version 2.27 does not pay in a token that its user has not allowed", async () => {
    const payer = await world.payer({ wallet: DOLLAR });
    const network = networkOf(world.market.deployment.chainId);
    const client = wrapFetchWithPaymentFromConfig(fetch, {
      schemes: [{ network, client: new ExactEvmScheme(payer) }],
    });
    expect(String(await errorOf(ask(client)))).to.include("spendControls");
    expect(await world.market.token.read.balanceOf([payer.address])).to.equal(DOLLAR);
  });
});
