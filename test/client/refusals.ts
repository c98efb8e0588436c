/** Gateways that lie, each in one way: nothing is signed for them, or nothing that they say is believed. */
import { expect } from "chai";
import { numberToHex, zeroAddress, type Address } from "viem";

import { ForgedReceiptError, OtherRequestError, WrongChargeError, WrongValueError } from "../../src/client/answer.ts";
import { UnansweredError } from "../../src/client/ask.ts";
import { NoEscrowError, OtherChainError, OtherTokenError } from "../../src/client/chain.ts";
import { StaleNonceError } from "../../src/client/connect.ts";
import { BadAddressError, GarbledError, RefusedError } from "../../src/client/gateway.ts";
import { DevelopmentModelError, FalseListingError, NotProvableError, readListing } from "../../src/client/model.ts";
import { listingSchema, type Provider } from "../../src/client/messages.ts";
import {
  findListing,
  NameNotTrustedError,
  trustIn,
  TrustNeededError,
  UnknownModelError,
} from "../../src/client/trust.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { MissingFieldError } from "../../src/model/bundle/input.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { idOf } from "../../src/protocol/request.ts";
import { toCompactHex } from "../../src/protocol/signature.ts";
import { NoReplyError, TooLongError } from "../../src/x402/fetch-json.ts";
import { OverLimitError } from "../../src/x402/limits.ts";
import { HollowTermsError, UntrustedTermsError } from "../../src/x402/terms.ts";
import type { AssayPayload, WireAnswer } from "../../src/x402/scheme.ts";
import { errorOf } from "../helpers/errors.ts";
import { evidenceIn, PRICE, startWorld, type Json, type Lies, type SmallGateway, type World } from "./world.ts";

const QUESTION = { left: 0.3, right: 0.5 };
const OTHER: Address = "0x00000000000000000000000000000000000000AA";

describe("a client", () => {
  let world: World;

  before(async () => {
    world = await startWorld();
    await world.fund(world.cast.agent);
  });
  after(async () => {
    await world.stop();
    await stopThreads();
  });

  /** What asking a gateway with these lies ends in, and the gateway. */
  async function asking(lies: Lies, options: Parameters<World["connect"]>[1] = {}) {
    const gateway = await world.gateway(lies);
    const error = await errorOf(world.connect(gateway.url, options).then((each) => each.ask("sides", QUESTION)));
    return { gateway, error };
  }
  const signedNothing = ({ requests }: SmallGateway): void => {
    expect(requests).to.deep.equal([]);
  };
  const says = (change: Json) => (said: Json) => ({ ...said, ...change });

  describe("signs nothing for a gateway that names", () => {
    it("another chain than its own node's", async () => {
      const { error, gateway } = await asking(
        { provider: says({ chainId: 1 }) },
        { trust: { escrow: world.escrow.address, verifiers: [] } },
      );
      expect(error).to.be.instanceOf(OtherChainError);
      signedNothing(gateway);
    });

    it("an escrow without code", async () => {
      const { error, gateway } = await asking({ provider: says({ escrow: OTHER }) });
      expect(error).to.be.instanceOf(NoEscrowError);
      signedNothing(gateway);
    });

    it("a contract that is no escrow", async () => {
      const { error } = await asking({ provider: says({ escrow: world.token.address }) });
      expect(error).to.be.instanceOf(NoEscrowError);
    });

    it("another escrow than is trusted", async () => {
      const { error, gateway } = await asking({}, { trust: { escrow: OTHER } });
      expect(error).to.be.instanceOf(UntrustedTermsError).with.property("what", "escrow");
      signedNothing(gateway);
    });

    it("an untrusted escrow, from the start: there is no connection", async () => {
      const { url, calls } = await world.gateway();
      const error = await errorOf(world.connect(url, { trust: { escrow: OTHER } }));
      expect(error).to.be.instanceOf(UntrustedTermsError);
      expect(calls).to.deep.equal(["/v1/provider"]);
    });

    it("another provider than is trusted", async () => {
      const { error } = await asking({}, { trust: { provider: OTHER } });
      expect(error).to.be.instanceOf(UntrustedTermsError).with.property("what", "provider");
    });

    it("another token than the escrow holds", async () => {
      const token = { address: world.verifier.address, name: "USD Coin", version: "2", decimals: 6 };
      const { error } = await asking({ provider: says({ token }) });
      expect(error).to.be.instanceOf(OtherTokenError);
    });

    it("a verifier that is not trusted", async () => {
      const { error, gateway } = await asking({}, { trust: { verifiers: [OTHER] } });
      expect(error).to.be.instanceOf(UntrustedTermsError).with.property("what", "verifier");
      signedNothing(gateway);
    });

    it("a verifier that does not have the model", async () => {
      for (const verifier of [OTHER, world.token.address]) {
        const { error, gateway } = await asking({ listing: says({ verifier }) });
        expect(error).to.be.instanceOf(NotProvableError);
        signedNothing(gateway);
      }
    });

    it("a manifest that is not the model's", async () => {
      const listing = (said: Json): Json => ({
        ...said,
        manifest: { ...(said["manifest"] as Json), purpose: "Other." },
      });
      const { error, gateway } = await asking({ listing });
      expect(error).to.be.instanceOf(FalseListingError);
      signedNothing(gateway);
    });

    it("a key that is not the model's, or none", async () => {
      const other = world.models.sums.key;
      for (const key of [other, {}, "key", null]) {
        const { error } = await asking({ listing: (said) => ({ ...said, key }) });
        expect(error).to.be.instanceOf(FalseListingError);
      }
    });

    it("a price above the limit", async () => {
      const { error, gateway } = await asking({ listing: says({ price: "100001" }) });
      expect(error).to.be.instanceOf(OverLimitError).with.property("limit", "price");
      signedNothing(gateway);
    });

    it("a prover's fee that the price does not cover, so that nothing could ever be settled or slashed", async () => {
      const { error } = await asking({ listing: says({ proverFee: (PRICE + 1n).toString() }) });
      expect(error).to.be.instanceOf(HollowTermsError);
    });

    it("no price", async () => {
      const { error } = await asking({ listing: says({ price: "0", proverFee: "0" }) });
      expect(error).to.be.instanceOf(HollowTermsError);
    });

    it("a penalty below the least that is wanted", async () => {
      const { error, gateway } = await asking({ listing: says({ penalty: "1" }) }, { limits: { penalty: 2n } });
      expect(error).to.be.instanceOf(HollowTermsError);
      signedNothing(gateway);
    });

    it("a penalty for which nothing is at stake", async () => {
      const { cast } = world;
      const { url, requests } = await world.gateway();
      const connection = await world.connect(url, { limits: { penalty: 1n } }, cast.stranger);
      expect(await errorOf(connection.ask("sides", QUESTION))).to.have.property("name", "StakeShortError");
      expect(requests).to.deep.equal([]);
    });

    it("a timeout above the limit", async () => {
      const { error } = await asking({}, { limits: { timeout: 3_599 } });
      expect(error).to.be.instanceOf(HollowTermsError);
    });

    it("a nonce that was used before", async () => {
      const gateway = await world.gateway();
      const first = await world.connect(gateway.url);
      const { id, salt } = await first.ask("sides", QUESTION);
      const evidence = await evidenceIn(first, id);
      await world.settle(evidence, salt, QUESTION);
      const { error, gateway: liar } = await asking({ tab: says({ nextNonce: evidence.request.nonce.toString() }) });
      expect(error).to.be.instanceOf(StaleNonceError);
      signedNothing(liar);
    });

    it("something beyond what the protocol has", async () => {
      const { error } = await asking({ provider: says({ extra: 1 }) });
      expect(error).to.be.instanceOf(GarbledError);
      expect((await asking({ tab: says({ nextNonce: "-1" }) })).error).to.be.instanceOf(GarbledError);
      expect((await asking({ listing: says({ price: 1 }) })).error).to.be.instanceOf(GarbledError);
    });
  });

  describe("does not believe an answer", () => {
    const answered = async (answer: (said: WireAnswer) => unknown): Promise<unknown> =>
      (await asking({ answer })).error;

    it("whose receipt somebody else signed, or nobody", async () => {
      const { deployment, cast } = world;
      const receipt = await Receipt.sign(
        { request: OTHER_ID, output: OTHER_ID, charge: PRICE },
        deployment,
        cast.provider,
      );
      expect(await answered((said) => ({ ...said, receipt: toCompactHex(receipt) }))).to.be.instanceOf(
        ForgedReceiptError,
      );
      expect(await answered((said) => ({ ...said, receipt: `0x${"00".repeat(64)}` }))).to.be.instanceOf(
        UnansweredError,
      );
    });

    it("whose output, or charge, is not the one that was signed", async () => {
      expect(await answered((said) => ({ ...said, output: numberToHex(0n, { size: 32 }) }))).to.be.instanceOf(
        ForgedReceiptError,
      );
      expect(await answered((said) => ({ ...said, charge: "9999" }))).to.be.instanceOf(ForgedReceiptError);
    });

    it("to another request", async () => {
      expect(await answered((said) => ({ ...said, id: OTHER_ID }))).to.be.instanceOf(OtherRequestError);
      const request = (said: WireAnswer): unknown => ({ ...said, request: { ...said.request, nonce: "77" } });
      expect(await answered(request)).to.be.instanceOf(OtherRequestError);
    });

    it("that means something else than was signed", async () => {
      for (const value of ["first", "third", 1, [1]]) {
        expect(await answered((said) => ({ ...said, value })), String(value)).to.be.instanceOf(WrongValueError);
      }
    });

    it("that is no output of the model", async () => {
      expect(await signedBy(world, 2n, PRICE)).to.be.instanceOf(WrongValueError);
    });

    it("that costs more than the price, nothing, or less than its prover's fee: none of them can settle", async () => {
      for (const charge of [PRICE + 1n, 0n, 999n]) {
        expect(await signedBy(world, 1n, charge), String(charge)).to.be.instanceOf(WrongChargeError);
      }
    });

    it("under another salt", async () => {
      expect(await answered((said) => ({ ...said, salt: OTHER_ID }))).to.be.instanceOf(WrongValueError);
    });

    it("that is hidden and means something else", async () => {
      const gateway = await world.gateway({ answer: (said) => ({ ...said, value: [1.1, 1.4] }) });
      const connection = await world.connect(gateway.url);
      expect(await errorOf(connection.ask("secret-sums", QUESTION))).to.be.instanceOf(WrongValueError);
    });

    it("but keeps what was signed for it, as evidence", async () => {
      const gateway = await world.gateway({ answer: (said) => ({ ...said, value: "first" }) });
      const connection = await world.connect(gateway.url);
      await errorOf(connection.ask("sides", QUESTION));
      expect(await connection.book.all()).to.have.lengthOf(1);
    });

    /** An answer that the provider did sign, of whatever output and charge. */
    const signedBy = async ({ deployment, cast }: World, output: bigint, charge: bigint): Promise<unknown> => {
      const signed = numberToHex(output, { size: 32 });
      const lies: Lies = {};
      const gateway = await world.gateway(lies);
      let receipt: string | undefined;
      lies.infer = async () => {
        const request = idOf((gateway.requests[0] as AssayPayload).request, deployment);
        receipt = toCompactHex(await Receipt.sign({ request, output: signed, charge }, deployment, cast.provider));
      };
      lies.answer = (said) => ({ ...said, output: signed, charge: charge.toString(), receipt });
      return errorOf(world.connect(gateway.url).then((each) => each.ask("sides", QUESTION)));
    };
  });

  describe("survives a gateway that", () => {
    it("answers with garbage", async () => {
      const { error } = await asking({ infer: (context) => context.text("hello") });
      expect(error).to.be.instanceOf(UnansweredError).with.property("cause").instanceOf(GarbledError);
    });

    it("never stops answering", async () => {
      const endless = (): Response => {
        const body = new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536)) });
        return new Response(body);
      };
      const { error } = await asking({ infer: endless });
      expect(error).to.be.instanceOf(UnansweredError).with.property("cause").instanceOf(TooLongError);
    });

    it("never answers", async () => {
      const silent = () => new Promise<Response>(() => {});
      const { error, gateway } = await asking({ infer: silent }, { timeout: 100, attempts: 2 });
      expect(error).to.be.instanceOf(UnansweredError).with.property("cause").instanceOf(NoReplyError);
      expect(gateway.requests).to.have.lengthOf(2);
    });

    it("sends it somewhere else: what was signed goes nowhere else", async () => {
      const elsewhere = await world.gateway();
      const { error } = await asking({ infer: (context) => context.redirect(`${elsewhere.url}/v1/provider`, 307) });
      expect(error).to.be.instanceOf(UnansweredError);
      expect(elsewhere.calls).to.deep.equal([]);
    });

    it("is not there", async () => {
      const gateway = await world.gateway();
      await gateway.stop();
      expect(await errorOf(world.connect(gateway.url))).to.be.instanceOf(NoReplyError);
    });

    it("has no address", async () => {
      for (const url of ["", "example.com", "ftp://example.com", "javascript:alert(1)"]) {
        expect(await errorOf(world.connect(url)), url).to.be.instanceOf(BadAddressError);
      }
    });

    it("refuses, with its reason", async () => {
      const refusing = {
        infer: (context: { json: (body: Json, status: 402) => Response }) => context.json({ code: "no-tab" }, 402),
      };
      const { error } = await asking(refusing);
      expect(error).to.be.instanceOf(RefusedError).with.property("code", "no-tab");
    });
  });

  describe("off local chains", () => {
    const provider = (): Provider => ({
      provider: OTHER,
      chainId: 8453,
      network: "eip155:8453",
      escrow: OTHER,
      commitmentLog: OTHER,
      token: { address: OTHER, name: "USD Coin", version: "2", decimals: 6 },
      confirmations: 1,
      time: 0,
      deadline: { least: 1, most: 2 },
      nonceWindow: 1,
    });

    it("wants its user to name the escrow and the verifiers", () => {
      expect(() => trustIn(provider(), {})).to.throw(TrustNeededError, "escrow");
      expect(() => trustIn(provider(), { escrow: OTHER })).to.throw(TrustNeededError, "verifiers");
      expect(trustIn(provider(), { escrow: OTHER, verifiers: [OTHER] }).escrow).to.equal(OTHER);
    });

    it("asks by ids, or by names that its user has given ids", async () => {
      const { url } = await world.gateway();
      const listings = await (await world.connect(url)).models();
      const { id } = world.models.sides;
      expect(() => findListing(listings, "sides", {}, 8453)).to.throw(NameNotTrustedError, id);
      expect(findListing(listings, id, {}, 8453).id).to.equal(id);
      expect(findListing(listings, "mine", { models: { mine: id } }, 8453).id).to.equal(id);
      expect(() => findListing(listings, "sides", { models: { sides: OTHER_ID } }, 8453)).to.throw(UnknownModelError);
      for (const name of ["toString", "__proto__"]) {
        expect(() => findListing(listings, name, { models: {} }, 31_337)).to.throw(UnknownModelError);
      }
    });

    it("asks no model that was set up for development, unless it is told to", async () => {
      const { client } = world;
      const { url } = await world.gateway();
      const [listing] = await (await world.connect(url)).models();
      const given = listingSchema.parse(JSON.parse(JSON.stringify(listing, asText)));
      const reading = { chainId: 8453, trusted: {} };
      expect(await errorOf(readListing(given, client, reading))).to.be.instanceOf(DevelopmentModelError);
      const trusted = { developmentModels: "allowed" } as const;
      expect((await readListing(given, client, { chainId: 8453, trusted })).model).to.equal(given.id);
    });
  });

  it("refuses an input that the model does not take, before anything is signed", async () => {
    const gateway = await world.gateway();
    const connection = await world.connect(gateway.url);
    expect(await errorOf(connection.ask("sides", { left: 0.3 }))).to.be.instanceOf(MissingFieldError);
    signedNothing(gateway);
  });

  it("pays no consumer's callback", async () => {
    const gateway = await world.gateway();
    await (await world.connect(gateway.url)).ask("sides", QUESTION);
    expect(gateway.requests[0]?.request.consumer).to.equal(zeroAddress);
  });
});

const OTHER_ID = numberToHex(5n, { size: 32 });

function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
