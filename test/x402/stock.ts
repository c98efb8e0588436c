import { decodePaymentResponseHeader } from "@x402/core/http";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { expect } from "chai";
import { numberToHex, type Hex } from "viem";
import { wrapFetchWithPayment as wrapFetchOf29, x402Client as X402ClientOf29 } from "x402-fetch-2.9";

import { account } from "../../scripts/local/market.ts";
import type { OpenModel } from "../../src/model/bundle/open.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { receiptSchema, signatureSchema } from "../../src/protocol/wire.ts";
import { AssayScheme, UnexpectedInputError, type AssaySchemeOptions } from "../../src/x402/client.ts";
import { toBase64 } from "../../src/x402/fetch-json.ts";
import { paymentToWire, signPayment } from "../../src/x402/payment.ts";
import type { WireAnswer } from "../../src/x402/scheme.ts";
import { requirementOf, termsOf, type Terms } from "../../src/x402/terms.ts";
import { errorOf } from "../helpers/errors.ts";
import { soldModels } from "../helpers/sold-models.ts";
import {
  DEPLOYMENT,
  PATH,
  PROVIDER,
  startStockServer,
  TOKEN,
  VERIFIER,
  type Faults,
  type StockServer,
} from "./stock-server.ts";

const AGENT = account(1);
const SALT: Hex = numberToHex(77n, { size: 32 });
const QUESTION = { left: 0.3, right: 0.5 };
const OTHER = "0x0000000000000000000000000000000000000099";
const QUERY = { input: QUESTION, salt: SALT };

describe("the assay scheme in stock x402 parts", () => {
  let model: OpenModel;
  let commitment: Hex;
  const servers: StockServer[] = [];

  before(async () => {
    ({ sides: model } = await soldModels());
    commitment = model.commit([3, 5], BigInt(SALT));
  });
  after(async () => {
    for (const server of servers) await server.stop();
    await stopThreads();
  });

  const start = async (faults?: Faults): Promise<StockServer> => {
    const server = await startStockServer(model, faults);
    servers.push(server);
    return server;
  };
  const schemeFor = ({ url }: StockServer, options: Partial<AssaySchemeOptions> = {}): AssayScheme => {
    return new AssayScheme({
      account: AGENT,
      chainId: DEPLOYMENT.chainId,
      trust: {
        escrow: DEPLOYMENT.escrow,
        token: TOKEN,
        verifiers: [VERIFIER],
        provider: PROVIDER.address,
        gateway: url,
      },
      ...options,
    });
  };
  const clientOf = (scheme: AssayScheme): x402Client => new x402Client().register("eip155:*", scheme);
  const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const ask = ({ url }: StockServer, scheme: AssayScheme): Promise<Response> => {
    return wrapFetchWithPayment(fetch, clientOf(scheme))(`${url}${PATH}`, post(QUERY));
  };

  async function expectAnswer(response: Response): Promise<void> {
    expect(response.status).to.equal(200);
    const answer = (await response.json()) as WireAnswer;
    expect(answer.value).to.equal("second");
    const settled = decodePaymentResponseHeader(response.headers.get("payment-response") ?? "");
    const { value: _value, ...receipt } = answer;
    expect(settled).to.deep.include({ success: true, payer: AGENT.address, amount: "9000", transaction: "" });
    expect(settled.extensions).to.deep.equal({ assay: receipt });
    const signed = receiptSchema.parse({ request: answer.id, output: answer.output, charge: answer.charge });
    const signature = signatureSchema.parse(answer.receipt);
    expect(await Receipt.recover(signed, DEPLOYMENT, signature)).to.equal(PROVIDER.address);
  }

  describe("pays", () => {
    it("by @x402/fetch 2.27, and finds the receipt in PAYMENT-RESPONSE", async () => {
      const server = await start();
      const scheme = schemeFor(server);
      for (let time = 0; time < 3; time++) {
        scheme.expect(commitment);
        await expectAnswer(await ask(server, scheme));
      }
      expect(server.answered()).to.equal(3);
    });

    it("by @x402/fetch 2.9", async () => {
      const server = await start();
      const scheme = schemeFor(server);
      scheme.expect(commitment);
      const client = new X402ClientOf29().register("eip155:*", scheme);
      await expectAnswer(await wrapFetchOf29(fetch, client)(`${server.url}${PATH}`, post(QUERY)));
    });

    it("again with the nonce of a payment that was refused", async () => {
      let refusals = 1;
      const seen: bigint[] = [];
      const server = await start({
        async admit({ request }) {
          seen.push(request.nonce);
          return refusals-- > 0 ? { refused: true, reason: "busy" } : { refused: false };
        },
      });
      const scheme = schemeFor(server);
      for (let time = 0; time < 2; time++) {
        scheme.expect(commitment);
        await ask(server, scheme);
      }
      expect(seen).to.deep.equal([0n, 0n]);
    });
  });

  it("asks for the next nonce when one was spent elsewhere", async () => {
    const server = await start();
    // The server counts for all payers together, so that another one spends what is next.
    const [one, two] = [schemeFor(server), schemeFor(server, { account: account(4) })];
    for (const scheme of [one, two, two]) {
      scheme.expect(commitment);
      expect((await ask(server, scheme)).status).to.equal(200);
    }
    one.expect(commitment);
    expect((await ask(server, one)).status).to.equal(402);
    one.expect(commitment);
    await expectAnswer(await ask(server, one));
  });

  describe("signs nothing for a server that names", () => {
    const refusalOf = async (faults: Faults, options: Partial<AssaySchemeOptions> = {}): Promise<string> => {
      const server = await start(faults);
      const scheme = schemeFor(server, options);
      scheme.expect(commitment);
      const error = (await errorOf(ask(server, scheme))) as Error;
      expect(server.answered()).to.equal(0);
      return error.message;
    };

    it("another escrow, verifier, provider or model", async () => {
      expect(await refusalOf({ offer: { escrow: OTHER } })).to.include("another escrow");
      expect(await refusalOf({ offer: { verifier: OTHER } })).to.include("another verifier");
      expect(await refusalOf({ offer: { provider: OTHER } })).to.include("another provider");
      const models = [numberToHex(1n, { size: 32 })];
      const { trust } = optionsOf(await start());
      expect(await refusalOf({}, { trust: { ...trust, models } })).to.include("another model");
    });

    it("another token, or other words for it", async () => {
      // A stock client does not get as far where the token is none that it knows.
      expect(await refusalOf({ token: { address: OTHER } })).to.match(/spendControls|another token/);
      expect(await refusalOf({ token: { name: "USDC" } })).to.include("another token's name");
      expect(await refusalOf({ token: { version: "1" } })).to.include("another token's version");
    });

    it("another chain", async () => {
      expect(await refusalOf({ chainId: 8453 })).to.match(/spendControls|another chain/);
      const terms: Terms = { ...termsIn(model, commitment), chainId: 8453 };
      const scheme = schemeFor(await start());
      scheme.expect(commitment);
      const error = await errorOf(scheme.createPaymentPayload(2, requirementOf(terms)));
      expect(error).to.have.property("name", "UntrustedTermsError");
      expect(error).to.have.property("what", "chain");
    });

    it("a price above the limit, or one that cannot be settled", async () => {
      expect(await refusalOf({ offer: { price: 100_001n } })).to.include('limit "price"');
      expect(await refusalOf({ offer: { proverFee: 10_001n } })).to.include("can never be paid");
      expect(await refusalOf({}, { limits: { penalty: 1n } })).to.include("would lose 0");
      expect(await refusalOf({ offer: { timeout: 90_000 } })).to.include("90000 seconds");
    });

    it("another input than was sent, or one that was paid for already", async () => {
      expect(await refusalOf({ input: numberToHex(9n, { size: 32 }) })).to.include("not announced");
      const server = await start();
      const scheme = schemeFor(server);
      scheme.expect(commitment);
      await expectAnswer(await ask(server, scheme));
      expect(((await errorOf(ask(server, scheme))) as Error).message).to.include("paid for already");
    });

    it("no terms that can be read", async () => {
      const scheme = schemeFor(await start());
      const good = requirementOf(termsIn(model, commitment));
      const malformed = [
        { ...good, extra: {} },
        { ...good, extra: { ...good.extra, more: 1 } },
        { ...good, amount: "0x10" },
        { ...good, amount: (2n ** 96n).toString() },
        { ...good, payTo: "0x12" },
        { ...good, network: "solana:1" },
        { ...good, maxTimeoutSeconds: 1.5 },
      ];
      for (const each of malformed) {
        const error = await errorOf(scheme.createPaymentPayload(2, each as typeof good));
        expect(error, JSON.stringify(each)).to.have.property("name", "MalformedTermsError");
      }
      expect(await errorOf(scheme.createPaymentPayload(1, good))).to.have.property("name", "OtherX402Error");
    });

    it("more than may be spent in all", async () => {
      const server = await start();
      const scheme = schemeFor(server, { limits: { total: 10_000n } });
      scheme.expect(commitment);
      await expectAnswer(await ask(server, scheme));
      scheme.expect(commitment);
      expect(((await errorOf(ask(server, scheme))) as Error).message).to.include('limit "total"');
    });

    it("no nonce", async () => {
      const scheme = schemeFor(await start(), { fetch: async () => Response.json({ nextNonce: "0" }) });
      scheme.expect(commitment);
      const error = await errorOf(scheme.createPaymentPayload(2, requirementOf(termsIn(model, commitment))));
      expect(error).to.have.property("name", "NoNonceError");
    });

    it("anything, for an input that is no commitment", async () => {
      const scheme = schemeFor(await start());
      for (const input of ["0x12", "", `${commitment}00`]) {
        expect(() => scheme.expect(input as Hex), input).to.throw(UnexpectedInputError);
      }
    });
  });

  describe("does not run a route for", () => {
    /** Sends a payment by hand. */
    async function pay(server: StockServer, change: Partial<Terms> = {}, body: unknown = QUERY) {
      const first = await fetch(`${server.url}${PATH}`, post(body));
      const required = JSON.parse(atob(first.headers.get("payment-required") ?? "")) as { accepts: unknown[] };
      const [accepted] = required.accepts;
      const terms = termsOf(accepted);
      const payment = await signPayment({ ...terms, ...change }, { nonce: 0n, deadline: 2 ** 33 }, AGENT);
      const send = (payload: unknown, given = accepted, other = body): Promise<Response> => {
        const header = toBase64(JSON.stringify({ x402Version: 2, accepted: given, payload }));
        return fetch(`${server.url}${PATH}`, post(other, { "payment-signature": header }));
      };
      return { send, wire: paymentToWire(payment), accepted: accepted as ReturnType<typeof requirementOf> };
    }
    const expectRefusal = async (server: StockServer, sent: Promise<Response>): Promise<void> => {
      expect((await sent).status).to.equal(402);
      expect(server.answered()).to.equal(0);
    };

    it("a request that says less than the terms", async () => {
      const server = await start();
      const changes: Partial<Terms>[] = [
        { price: 9_999n },
        { proverFee: 0n },
        { penalty: 1n },
        { provider: OTHER },
        { verifier: OTHER },
        { model: commitment },
        { input: SALT },
        { escrow: OTHER },
        { chainId: 1 },
      ];
      for (const change of changes) {
        const { send, wire } = await pay(server, change);
        await expectRefusal(server, send(wire));
      }
    });

    it("a payment that was changed, or is none", async () => {
      const server = await start();
      const { send, wire } = await pay(server);
      const { request } = wire;
      const tampered = [
        { ...wire, request: { ...request, deadline: request.deadline + 1 } },
        { ...wire, request: { ...request, nonce: "1" } },
        { ...wire, request: { ...request, locked: true } },
        { ...wire, request: { ...request, payer: OTHER } },
        { ...wire, signature: `0x${"11".repeat(64)}` },
        { ...wire, more: 1 },
        {},
        null,
      ];
      for (const each of tampered) await expectRefusal(server, send(each));
    });

    it("terms that the server did not offer", async () => {
      const server = await start();
      const { send, wire, accepted } = await pay(server);
      await expectRefusal(server, send(wire, { ...accepted, amount: "1" }));
      await expectRefusal(server, send(wire, { ...accepted, extra: { ...accepted.extra, penalty: "5" } }));
      await expectRefusal(server, send(wire, { ...accepted, extra: { ...accepted.extra, more: 1 } }));
    });

    it("another body than was paid for", async () => {
      const server = await start();
      const body = { input: QUESTION, salt: SALT };
      const { send, wire } = await pay(server, {}, body);
      await expectRefusal(server, send(wire, undefined, { input: { left: 0.1, right: 0.5 }, salt: SALT }));
    });

    it("a body without an input, though it is paid", async () => {
      const server = await start();
      const { send, wire } = await pay(server, {}, { nothing: true });
      await expectRefusal(server, send(wire, undefined, { nothing: true }));
    });

    it("anyone, when the desk breaks", async () => {
      const server = await start({ admit: () => Promise.reject(new TypeError("the database is down")) });
      const { send, wire } = await pay(server);
      const response = send(wire);
      await expectRefusal(server, response);
      expect(atob((await response).headers.get("payment-required") ?? "")).not.to.include("database");
    });
  });

  it("hands no answer out that was not written down", async () => {
    for (const settle of [
      async () => ({ refused: true, reason: "not-answered" }) as const,
      () => Promise.reject(new TypeError("the database is down")),
    ]) {
      const server = await start({ settle });
      const scheme = schemeFor(server);
      scheme.expect(commitment);
      const response = await ask(server, scheme);
      expect(response.status).to.equal(402);
      expect(await response.text()).not.to.include("second");
    }
  });

  const optionsOf = ({ url }: StockServer): Pick<AssaySchemeOptions, "trust"> => ({
    trust: { escrow: DEPLOYMENT.escrow, token: TOKEN, verifiers: [VERIFIER], provider: PROVIDER.address, gateway: url },
  });
});

function termsIn(model: OpenModel, input: Hex): Terms {
  return {
    chainId: DEPLOYMENT.chainId,
    escrow: DEPLOYMENT.escrow,
    provider: PROVIDER.address,
    verifier: VERIFIER,
    model: model.id,
    price: 10_000n,
    proverFee: 1_000n,
    penalty: 0n,
    timeout: 3_600,
    input,
    token: TOKEN,
    tabs: "http://127.0.0.1/v1/tabs/",
  };
}
