import { expect } from "chai";

import { wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import type { Hex } from "viem";

import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import { chargeFor, extendChain, hashTranscript, startChain } from "../../../src/enclave/transcript.ts";
import { recoverAnswer } from "../../../src/protocol/attested.ts";
import * as Receipt from "../../../src/protocol/receipt.ts";
import { fromHex } from "../../../src/protocol/signature.ts";
import { networkOf } from "../../../src/x402/scheme.ts";
import { until } from "../../helpers/until.ts";
import { startWorld, streamIn, tailIn, type Asked, type Tail, type World } from "./world.ts";

const QUESTION = { messages: [{ role: "user", content: "Say what you were asked, in a few words." }], temperature: 0 };

describe("an attested answer", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  /** All that an agent checks of an answer. */
  const check = async (
    { id, request }: Asked,
    { extensions: { assay } }: Tail,
    chunks: readonly string[],
  ): Promise<void> => {
    const { transcript, output, charge, receipt, signature } = assay;
    const { deployment, enclaveVerifier } = world.market;
    expect(assay.id).to.equal(id);
    expect(assay.simulated).to.equal(true);
    expect(transcript).to.deep.include({ request: id, model: request.model, input: request.input, charge });
    expect(transcript.response).to.deep.equal({
      head: chunks.reduce(extendChain, startChain(id, request.input)),
      chunks: chunks.length,
    });
    expect(hashTranscript(transcript)).to.equal(output);
    const answer = { request: id, model: request.model, input: request.input, output, charge: BigInt(charge) };
    const verifier = { chainId: deployment.chainId, verifier: enclaveVerifier.address };
    expect(await recoverAnswer(answer, verifier, fromHex(signature))).to.equal(world.attested.enclave.key);
    expect(
      await Receipt.recover({ request: id, output, charge: BigInt(charge) }, deployment, fromHex(receipt)),
    ).to.equal(world.provider.address);
  };
  const settled = async (id: Hex): Promise<string> => {
    let state = "";
    await until(async () => {
      ({ state } = (await (await fetch(`${world.gateway.url}/v1/requests/${id}`)).json()) as { state: string });
      return state === "settled";
    });
    return state;
  };

  it("is marked as simulated wherever its model is named", async () => {
    const { models } = (await (await fetch(`${world.gateway.url}/v1/enclaves`)).json()) as {
      models: { id: Hex; simulated: boolean; answersUntil: number }[];
    };
    expect(models.map(({ id }) => id)).to.deep.equal([world.attested.chat, world.attested.embeddings]);
    expect(models.every(({ simulated }) => simulated)).to.equal(true);
    expect(models[0]?.answersUntil).to.be.above(Date.now() / 1000);
    const listening = world.logged.find(({ event }) => event === "listening");
    expect(listening?.details).to.deep.include({ attested: 2, simulated: 2 });
  });

  it("comes whole, is charged for what it took, and settles on its enclave's signature", async () => {
    const payer = await world.payer();
    const asked = await world.ask(payer, QUESTION);
    const reply = await world.send(asked);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.headers.get("assay-simulated")).to.equal("true");
    const { choices, usage } = JSON.parse(reply.text) as {
      choices: { message: { content: string } }[];
      usage: { prompt_tokens: number; completion_tokens: number };
    };
    expect(choices[0]?.message.content).not.to.equal("");
    const tail = tailIn(reply);
    await check(asked, tail, [reply.text]);
    const tokens = { input: usage.prompt_tokens, output: usage.completion_tokens };
    expect(tail.extensions.assay.transcript.usage).to.deep.equal({ ...tokens, source: "upstream" });
    const charge = chargeFor({ base: "1000", input: "2000000", output: "8000000" }, tokens);
    expect(BigInt(tail.amount)).to.equal(charge);
    expect(charge < asked.request.price).to.equal(true);

    expect(await settled(asked.id)).to.equal("settled");
    const { funds } = await world.market.escrow.read.tabOf([payer.address, world.provider.address]);
    expect(funds).to.equal(10n * DOLLAR - charge);
    expect(await world.promised(payer.address)).to.equal(0n);
  });

  it("streams, and says at its end what it cost", async () => {
    const payer = await world.payer();
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const reply = await world.send(asked);
    expect(reply.headers.get("content-type")).to.equal("text/event-stream");
    const { chunks, tail, isDone } = streamIn(reply.text);
    expect(isDone).to.equal(true);
    expect(chunks.length).to.be.above(3);
    await check(asked, tail as Tail, chunks);
    expect(tail?.extensions.assay.transcript.end).to.equal("complete");
    expect(await settled(asked.id)).to.equal("settled");
  });

  it("embeds", async () => {
    const payer = await world.payer();
    const asked = await world.ask(payer, { input: ["one text", "another"] });
    const reply = await world.send(asked);
    const { data } = JSON.parse(reply.text) as { data: { embedding: number[] }[] };
    expect(data.map(({ embedding }) => embedding.length > 0)).to.deep.equal([true, true]);
    await check(asked, tailIn(reply), [reply.text]);
  });

  it("is the same for the same request, however often, and charged once", async () => {
    const payer = await world.payer();
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const before = world.attested.upstream.asked.length;
    const replies = [await world.send(asked), await world.send(asked)];
    await settled(asked.id);
    replies.push(await world.send(asked));
    const [first, ...others] = replies.map(({ text }) => streamIn(text));
    expect(first?.isDone).to.equal(true);
    for (const other of others) expect(other).to.deep.equal(first);
    expect(world.attested.upstream.asked.length - before).to.equal(1);
    const { funds } = await world.market.escrow.read.tabOf([payer.address, world.provider.address]);
    expect(funds).to.equal(10n * DOLLAR - BigInt(first?.tail?.amount ?? 0));
  });

  it("is charged as far as it was delivered when its client goes away, and kept as far as that", async () => {
    const payer = await world.payer();
    // A pause after the second chunk, in which the client goes.
    world.attested.upstream.misbehave({ kind: "stalls", after: 3 });
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const leaving = new AbortController();
    const response = await fetch(`${world.gateway.url}${asked.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...asked.headers },
      body: JSON.stringify(asked.body),
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    let seen = "";
    while (streamIn(seen).chunks.length < 3) {
      const part = (await reader?.read()) as { done: boolean; value?: Uint8Array };
      seen += Buffer.from(part.value ?? []).toString();
    }
    leaving.abort();
    world.attested.upstream.misbehave();
    world.attested.upstream.release();
    expect(await settled(asked.id)).to.equal("settled");
    const again = streamIn((await world.send(asked)).text);
    expect(again.chunks).to.deep.equal(streamIn(seen).chunks);
    await check(asked, again.tail as Tail, again.chunks);
    const { end, usage, charge } = (again.tail as Tail).extensions.assay.transcript;
    expect(end).to.equal("cut");
    expect(usage.source).to.equal("delivered");
    const { funds } = await world.market.escrow.read.tabOf([payer.address, world.provider.address]);
    expect(funds).to.equal(10n * DOLLAR - BigInt(charge));
  });

  it("is had by an unmodified x402 client, who gets back what it did not cost", async () => {
    const { market, attested } = world;
    const client = market.account("client");
    const before = await market.token.read.balanceOf([client.address]);
    const network = networkOf(market.deployment.chainId);
    const paying = wrapFetchWithPaymentFromConfig(fetch, {
      schemes: [{ network, client: new ExactEvmScheme(client) }],
      spendControls: { allowedAssets: [{ network, asset: market.token.address }] },
    });
    const response = await paying(`${world.gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "assay-payer": client.address },
      body: JSON.stringify({ ...QUESTION, model: "echo-large" }),
    });
    expect(response.status, await response.clone().text()).to.equal(200);
    const tail = JSON.parse(Buffer.from(response.headers.get("payment-response") ?? "", "base64").toString()) as Tail;
    const { id, transcript } = tail.extensions.assay;
    expect(transcript.model).to.equal(attested.chat);
    await settled(id);
    const paid = before - (await market.token.read.balanceOf([client.address]));
    const balance = await market.escrow.read.balanceOf([client.address]);
    expect(paid - balance).to.equal(BigInt(transcript.charge));
  });

  it("counts in the gateway's figures as what it is", async () => {
    const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
    expect(text).to.match(
      new RegExp(`assay_answers_total\\{model="${world.attested.chat}",scheme="assay",proof="simulated"\\} [1-9]`),
    );
  });
});
