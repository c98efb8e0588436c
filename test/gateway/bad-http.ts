import { expect } from "chai";
import { numberToHex } from "viem";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import type { ProblemCode } from "../../src/gateway/problem.ts";
import { fuzz, times } from "../helpers/random.ts";
import { mutantOf } from "./mutants.ts";
import { codeIn, FLOWER, headerOf, order, post, send, type Reply } from "./orders.ts";
import { payQuote, quote } from "./quotes.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

const MUTANTS = 1000;
const AT_ONCE = 20;
const SALT = numberToHex(5, { size: 32 });

after(stopMarket);

describe("the gateway's HTTP", () => {
  let world: World;
  let payer: HDAccount;

  before(async () => {
    world = await startWorld();
    payer = await world.payer({ funds: 200n * DOLLAR, stake: DOLLAR, wallet: 10n * DOLLAR });
  });
  after(async () => world.stop());

  /** An answer, a price, or a problem that is the sender's own. */
  const isCivil = (reply: Reply): void => {
    if (reply.status === 200) return;
    codeIn(reply);
    expect(reply.status, reply.text).to.be.below(500);
  };
  const isBalanced = async (): Promise<void> => {
    const { promised, requests } = await world.books();
    const isTabs = await world.gateway.store.database.query<{ count: string }>(
      "SELECT count(*) FROM assay.requests WHERE NOT locked",
    );
    expect(promised).to.equal(BigInt(isTabs[0]?.count ?? 0) * PRICE);
    expect(requests.filter((row) => !row.endsWith(" answered"))).to.deep.equal([]);
    expect(world.logged.filter(({ level, event }) => level === "error" || event === "fault")).to.deep.equal([]);
  };
  const sendAll = async (sends: readonly (() => Promise<Reply>)[]): Promise<Reply[]> => {
    const replies: Reply[] = [];
    for (let start = 0; start < sends.length; start += AT_ONCE) {
      replies.push(...(await Promise.all(sends.slice(start, start + AT_ONCE).map(async (each) => each()))));
    }
    return replies;
  };

  it("takes a thousand broken bodies as what they are", async () => {
    const good = JSON.stringify({ input: FLOWER, salt: SALT, payer: payer.address });
    await fuzz(async (random) => {
      const bodies = times(MUTANTS, () => mutantOf(good, random));
      const replies = await sendAll(bodies.map((body) => async () => post(world.infer, body)));
      for (const reply of replies) {
        isCivil(reply);
        expect(reply.status).not.to.equal(200);
      }
      // Else the seed mutates too little, or too much, to say anything.
      for (const code of ["payment-required", "malformed-body", "bad-input"]) {
        expect(replies.filter((reply) => codeIn(reply) === code).length, code).to.be.above(20);
      }
    });
    await isBalanced();
  });

  it("takes a thousand broken payments as what they are", async () => {
    const tab = await order(world, payer);
    const vault = await payQuote(world, await quote(world), payer);
    await fuzz(async (random) => {
      const replies = await sendAll(
        times(MUTANTS, (index) => async () => {
          const { body, payment } = index % 2 === 0 ? tab : vault;
          const isTextual = index % 10 !== 9;
          const mutant = isTextual ? mutantOf(JSON.stringify(payment), random) : mutantOf(headerOf(payment), random);
          const header = isTextual ? Buffer.from(mutant).toString("base64") : mutant.replaceAll(/[^ -~]/g, "?");
          return post(world.infer, JSON.stringify(body), { "payment-signature": header });
        }),
      );
      for (const reply of replies) isCivil(reply);
      const codes = new Set(replies.filter(({ status }) => status !== 200).map((reply) => codeIn(reply)));
      for (const code of ["malformed-payment", "wrong-terms", "stale-quote", "bad-signature"] as const) {
        expect(codes.has(code), code).to.equal(true);
      }
    });
    const { requests } = await world.books();
    // What changed nothing that counts is the payment itself.
    for (const row of requests) expect([`${tab.id} answered`, `${vault.id} answered`]).to.include(row);
    await isBalanced();
  });

  describe("says what is wrong with", () => {
    const good = JSON.stringify({ input: FLOWER });
    const cases: Record<string, readonly [body: string, code: ProblemCode]> = {
      "no body": ["", "malformed-body"],
      "half a body": [good.slice(0, 20), "malformed-body"],
      "a body that is no object": ["[]", "malformed-body"],
      "another field": [JSON.stringify({ input: FLOWER, price: 1 }), "malformed-body"],
      "a prototype": ['{"input":{},"__proto__":{"salt":1}}', "malformed-body"],
      "a salt beyond the field": [JSON.stringify({ input: FLOWER, salt: `0x${"f".repeat(64)}` }), "malformed-body"],
      "a salt that is none": [JSON.stringify({ input: FLOWER, salt: "0x5" }), "malformed-body"],
      "a payer that is none": [JSON.stringify({ input: FLOWER, payer: "me" }), "malformed-body"],
      "no input": ["{}", "malformed-body"],
      "a text as input": ['{"input":"5.1"}', "malformed-body"],
      "a missing field": ['{"input":{"sepal length":"5.1"}}', "bad-input"],
      "an unknown field": [JSON.stringify({ input: { ...FLOWER, constructor: "1" } }), "bad-input"],
      "a value out of range": [JSON.stringify({ input: ["99", "1", "1", "1"] }), "bad-input"],
      "a value between two steps": [JSON.stringify({ input: ["0.15", "1", "1", "1"] }), "bad-input"],
      "a value that no double is": ['{"input":[1e400,1,1,1]}', "bad-input"],
      "a value of many digits": [JSON.stringify({ input: [`0.${"1928374650".repeat(20_000)}`, 1, 1, 1] }), "bad-input"],
      "a value that is a list": ['{"input":[[1],1,1,1]}', "bad-input"],
      "a value that is deep": [`{"input":[${"[".repeat(100_000)}${"]".repeat(100_000)},1,1,1]}`, "bad-input"],
      "a value with a NUL": ['{"input":["1\\u0000",1,1,1]}', "bad-input"],
      "too large a body": [JSON.stringify({ input: ["1", "1", "1", "1".repeat(300_000)] }), "body-too-large"],
    };
    const refuses = async (body: string, code: ProblemCode): Promise<void> => {
      const before = await world.books();
      const { id: _id, payment } = await order(world, payer);
      for (const headers of [{}, { "payment-signature": headerOf(payment) }]) {
        expect(codeIn(await post(world.infer, body, headers))).to.equal(code);
      }
      expect(await world.books()).to.deep.equal(before);
    };
    for (const [what, [body, code]] of Object.entries(cases)) it(what, async () => refuses(body, code));

    it("bytes that are no text", async () => {
      const response = await fetch(world.infer, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: new Uint8Array([0xff, 0xfe, 0x7b, 0x00]),
      });
      const reply = { status: response.status, headers: response.headers, text: await response.text() };
      expect(codeIn(reply)).to.equal("malformed-body");
    });

    it("other types of content, or none", async () => {
      for (const type of ["text/plain", "application/jsonp", "multipart/form-data; boundary=x", ""]) {
        expect(codeIn(await post(world.infer, good, { "content-type": type }))).to.equal("not-json");
      }
      expect(codeIn(await post(world.infer, good, { "content-type": "application/json; charset=utf-8" }))).to.equal(
        "payment-required",
      );
    });

    it("a payment header that is no payment", async () => {
      for (const header of [
        "",
        "%%%",
        "bnVsbA==",
        "e30=",
        headerOf([]),
        headerOf({ x402Version: 2 }),
        "A".repeat(20_000),
      ]) {
        const reply = await post(world.infer, good, { "payment-signature": header });
        expect(codeIn(reply)).to.equal("malformed-payment");
      }
    });

    it("models, requests, tabs, leases and paths that are not there", async () => {
      const get = async (path: string, init?: RequestInit): Promise<ProblemCode> => {
        const response = await fetch(world.gateway.url + path, init);
        return codeIn({ status: response.status, headers: response.headers, text: await response.text() });
      };
      const { url } = world.gateway;
      expect(codeIn(await post(`${url}/v1/models/${SALT}/infer`, good))).to.equal("unknown-model");
      expect(codeIn(await post(`${url}/v1/models/__proto__/infer`, good))).to.equal("unknown-model");
      expect(codeIn(await post(`${url}/v1/models/%00%ff/infer`, good))).to.equal("unknown-model");
      expect(codeIn(await post(`${url}/v1/jobs/constructor/keep`, ""))).to.equal("lease-lost");
      for (const id of [SALT, "0x", "constructor", "%E0%A4%A", "%00", "..%2f..%2fetc"]) {
        expect(await get(`/v1/requests/${id}`)).to.equal("unknown-request");
        expect(await get(`/v1/requests/${id}/events`)).to.equal("unknown-request");
        expect(await get(`/v1/requests/${id}/inclusion`)).to.equal("unknown-request");
      }
      expect(await get("/v1/tabs/0x12")).to.equal("malformed-body");
      expect(await get("/v1/tabs/%27%3B%20DROP%20TABLE%20assay.tabs")).to.equal("malformed-body");
      for (const path of ["/", "/v1", "/v1/", "/v2/models", "/v1/models/", "//v1/models", "/v1/provider/x"]) {
        expect(await get(path), path).to.equal("not-found");
      }
      for (const method of ["GET", "PUT", "DELETE", "PATCH"]) {
        expect(await get(`/v1/models/${world.model.id}/infer`, { method })).to.equal("not-found");
      }
      expect(await get("/v1/provider", { method: "POST" })).to.equal("not-found");
    });

    it("an order for jobs that are not open, or no order", async () => {
      const lease = `${world.gateway.url}/v1/jobs/lease`;
      const wanted = { prover: payer.address, most: 8, models: [world.model.id] };
      expect(codeIn(await post(lease, JSON.stringify(wanted)))).to.equal("not-open");
      for (const wrong of [{ most: 0 }, { most: 1e9 }, { prover: "me" }, { models: [SALT, 7] }, { more: 1 }]) {
        expect(codeIn(await post(lease, JSON.stringify({ ...wanted, ...wrong })))).to.equal("malformed-body");
      }
      expect(codeIn(await post(lease, `"${"x".repeat(20_000)}"`))).to.equal("body-too-large");
    });
  });

  it("still answers after all that, at the same price", async () => {
    const { promised } = await world.tab(payer.address);
    const { issued } = await world.tab(payer.address);
    const reply = await send(world, await order(world, payer, { nonce: BigInt(issued) }));
    expect(reply.status, reply.text).to.equal(200);
    expect((await world.tab(payer.address)).promised - promised).to.equal(PRICE);
    await isBalanced();
  });
});
