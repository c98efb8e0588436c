import { expect } from "chai";
import type { Hono } from "hono";
import type { HDAccount } from "viem/accounts";
import type { z } from "zod";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { gatewayApp, type AppOptions } from "../../src/gateway/app.ts";
import { manifestHashOf, type Manifest } from "../../src/model/manifest/manifest.ts";
import { ROUTES } from "../../src/gateway/openapi.ts";
import type { Sale } from "../../src/gateway/settings.ts";
import * as schemas from "../../src/gateway/schemas.ts";
import { modelOf } from "../../src/protocol/model.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import { totals } from "../../src/store/chain-state.ts";
import { until } from "../helpers/until.ts";
import { answerIn, codeIn, FLOWER, order, post, send, type Json, type Order } from "./orders.ts";
import { payQuote, quote } from "./quotes.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

after(stopMarket);

describe("the gateway's routes", () => {
  let world: World;
  let payer: HDAccount;
  let asked: Order;

  before(async () => {
    world = await startWorld();
    const settings = world.market.settings();
    await world.stop();
    // The one whose jobs are open to other provers.
    const [sale] = settings.sales as [Sale];
    world = await startWorld({ sales: [{ ...sale, openJobs: true }] });
    payer = await world.payer({ funds: DOLLAR, stake: DOLLAR, wallet: DOLLAR });
    asked = await order(world, payer, { request: { deadline: (await world.now()) + 7200 } });
    answerIn(await send(world, asked));
  });
  after(async () => world.stop());

  const get = async (path: string): Promise<Response> => fetch(world.gateway.url + path);
  /** What a route says, found to be all that its schema says and nothing else. */
  const read = async <Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> => {
    const response = await get(path);
    expect(response.status).to.equal(200);
    return schema.parse(await response.json());
  };

  it("say who sells, on what terms", async () => {
    const { market, provider } = world;
    const said = await read("/v1/provider", schemas.providerSchema);
    const { chainId, escrow } = market.deployment;
    expect(said).to.include({ provider: provider.address, chainId, escrow, commitmentLog: market.commitmentLog });
    expect(said.token).to.include({ address: market.token.address, decimals: 6 });
  });

  it("list models whose ids follow from what is said of them", async () => {
    const { models } = await read("/v1/models", schemas.modelsSchema);
    expect(models.map(({ id }) => id)).to.deep.equal([world.model.id]);
    for (const { id, key, manifest, price, setup } of models) {
      const hash = manifestHashOf(manifest as Manifest);
      expect(modelOf(keyFromSnarkjs(key), hash)).to.equal(id);
      expect({ price, setup }).to.deep.equal({ price: PRICE.toString(), setup: "development" });
    }
  });

  it("say what a tab covers, whoever asks for it and however it is written", async () => {
    const said = await read(`/v1/tabs/${payer.address.toLowerCase()}`, schemas.tabSchema);
    expect(said).to.include({
      funds: DOLLAR.toString(),
      stake: DOLLAR.toString(),
      promised: PRICE.toString(),
      available: (DOLLAR - PRICE).toString(),
      nextNonce: "1",
      exitAt: 0,
    });
    const nobody = await read(`/v1/tabs/${(await world.payer()).address}`, schemas.tabSchema);
    expect(nobody).to.include({ funds: "0", stake: "0", promised: "0", available: "0", nextNonce: "0" });
  });

  it("answer in one shape, from a tab and from a vault", async () => {
    const fromTab = await send(world, asked);
    expect(schemas.answerSchema.parse(JSON.parse(fromTab.text)).id).to.equal(asked.id);
    const paid = await payQuote(world, await quote(world), payer);
    const fromVault = await send(world, paid);
    expect(fromVault.status, fromVault.text).to.equal(200);
    expect(schemas.answerSchema.parse(JSON.parse(fromVault.text)).id).to.equal(paid.id);
  });

  it("ask for payment in the form of problems too", async () => {
    const reply = await post(world.infer, JSON.stringify({ input: FLOWER }));
    const problem = schemas.problemSchema.parse(JSON.parse(reply.text));
    expect(problem).to.include({ code: "payment-required", x402Version: 2 });
    const header = JSON.parse(
      Buffer.from(reply.headers.get("payment-required") ?? "", "base64").toString("utf8"),
    ) as Json;
    expect(problem).to.deep.include(header);
    expect((header["accepts"] as Json[]).map(({ scheme }) => scheme)).to.deep.equal(["assay", "exact"]);
  });

  it("say what became of a request, by its id in any case of letters", async () => {
    const said = await read(`/v1/requests/0x${asked.id.slice(2).toUpperCase()}`, schemas.statusSchema);
    expect(said).to.include({ id: asked.id, state: "answered", isFinal: false, charge: PRICE.toString() });
    expect(said.events.map(({ event }) => event)).to.deep.equal(["received", "answered"]);
    expect(JSON.stringify(said)).not.to.include(String(asked.body["salt"]).slice(2));
  });

  it("tell events as they come", async () => {
    const stopping = new AbortController();
    const response = await fetch(`${world.gateway.url}/v1/requests/${asked.id}/events`, { signal: stopping.signal });
    expect(response.headers.get("content-type")).to.include("text/event-stream");
    let text = "";
    const decoder = new TextDecoder();
    const parts = (response.body ?? []) as AsyncIterable<Uint8Array>;
    for await (const part of parts) {
      text += decoder.decode(part, { stream: true });
      if (text.includes("event: answered\n") && text.endsWith("\n\n")) break;
    }
    stopping.abort();
    expect(text.match(/^event: \w+$/gm)).to.deep.equal(["event: received", "event: answered"]);
    for (const [, data = ""] of text.matchAll(/^data: (.*)$/gm)) {
      schemas.statusSchema.shape.events.element.parse(JSON.parse(data));
    }
  });

  it("say that a receipt is in no commitment yet", async () => {
    const response = await get(`/v1/requests/${asked.id}/inclusion`);
    const text = await response.text();
    expect(codeIn({ status: response.status, headers: response.headers, text })).to.equal("not-committed");
  });

  it("lend jobs of open models, and take them back", async () => {
    const { url } = world.gateway;
    const wanted = JSON.stringify({ prover: payer.address, most: 8, models: [world.model.id] });
    let jobs: z.output<typeof schemas.leasedSchema>["jobs"] = [];
    await until(async () => {
      const reply = await post(`${url}/v1/jobs/lease`, wanted);
      ({ jobs } = schemas.leasedSchema.parse(JSON.parse(reply.text)));
      return jobs.length > 0;
    });
    const [first] = jobs;
    expect(jobs.map(({ job }) => job.id)).to.include(asked.id);
    for (const step of ["keep", "give-back"]) {
      expect((await post(`${url}/v1/jobs/${first?.lease}/${step}`, "")).status).to.equal(204);
    }
    expect(codeIn(await post(`${url}/v1/jobs/${first?.lease}/keep`, ""))).to.equal("lease-lost");
  });

  it("are the ones in the OpenAPI document, all of them", async () => {
    const document = (await (await get("/openapi.json")).json()) as { paths: Record<string, Record<string, unknown>> };
    const told = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(new Set(told)).to.deep.equal(routesOf(world));
    expect(told).to.have.members(Object.keys(ROUTES));
  });

  it("tell health and figures", async () => {
    expect((await read("/healthz", schemas.healthSchema)).head).to.be.above(0);
    const figures = figuresIn(await (await get("/metrics")).text());
    const { id } = world.model;
    expect(figures.get(`assay_answers_total{model="${id}",scheme="assay",proof="groth16"}`)).to.be.above(0);
    expect(figures.get(`assay_answers_total{model="${id}",scheme="exact",proof="groth16"}`)).to.equal(1);
    expect(figures.get(`assay_answer_seconds_count{model="${id}",scheme="exact",proof="groth16"}`)).to.equal(1);
    expect(figures.get('assay_refusals_total{code="payment-required"}')).to.be.above(0);
    expect(figures.get("assay_promised_dollars")).to.equal(0.1);
    const { funds, staked } = await totals(world.gateway.store.database);
    expect(figures.get("assay_staked_dollars")).to.equal(Number(staked) / 1e6);
    expect(figures.get("assay_tab_funds_dollars")).to.equal(Number(funds) / 1e6);
    for (const name of ["jobs_waiting", "jobs_active", "settled_total", "earned_dollars_total", "penalties_total"]) {
      expect(figures.has(`assay_${name}`), name).to.equal(true);
    }
  });
});

describe("a gateway that does not see the chain as it is", () => {
  it("is not healthy, sells nothing, and sells again when it does", async () => {
    const world = await startWorld({ mostLagSeconds: 600 });
    const { test } = world.market;
    const snapshot = await test.snapshot();
    try {
      const payer = await world.payer({ funds: DOLLAR, stake: DOLLAR });
      const asked = await order(world, payer);
      const health = async (): Promise<number> => {
        const response = await fetch(`${world.gateway.url}/healthz`);
        await response.text();
        return response.status;
      };
      expect(await health()).to.equal(200);
      await test.increaseTime({ seconds: 7200 });
      await test.mine({ blocks: 1 });
      await until(async () => (await health()) === 503);
      const before = await world.books();
      const reply = await send(world, asked);
      expect(codeIn(reply)).to.equal("behind-chain");
      expect(reply.headers.get("retry-after")).to.equal("1");
      expect(await world.books()).to.deep.equal(before);
      await test.revert({ id: snapshot });
      await test.mine({ blocks: 1 });
      await until(async () => (await health()) === 200);
    } finally {
      await world.stop();
    }
  });
});

/** The routes that the app has, as OpenAPI writes them; what is for all methods only guards them. */
function routesOf({ settings }: World): Set<string> {
  const app: Hono = gatewayApp({ settings } as AppOptions);
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  return new Set(routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`));
}

/** Every line of Prometheus' text form, which is refused if it is not. */
function figuresIn(text: string): Map<string, number> {
  const line = /^([a-z_]+(?:\{(?:[a-z_]+="[^"\\\n]*",?)*\})?) (-?[\d.e+-]+|\+Inf|NaN)$/;
  const figures = new Map<string, number>();
  for (const each of text.split("\n")) {
    if (each === "" || /^# (HELP|TYPE) [a-z_]+ .+$/.test(each)) continue;
    const [, name = "", value] = line.exec(each) ?? [];
    expect(name, each).not.to.equal("");
    figures.set(name, Number(value));
  }
  return figures;
}
