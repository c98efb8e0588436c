/** An enclave with an upstream and a simulated platform, and a gateway's side of what it is asked. */
import { expect } from "chai";
import { zeroAddress, type Hex } from "viem";

import { startUpstream } from "../../scripts/local/upstream.ts";
import { serveNitriding } from "../../simulator/nitriding.ts";
import { simulateNitro } from "../../simulator/nitro.ts";
import { hashInput } from "../../src/enclave/input.ts";
import { attestedModelOf, type AttestedManifest } from "../../src/enclave/manifest.ts";
import { capFor, readQuestion } from "../../src/enclave/question.ts";
import type { ServingPolicy } from "../../src/enclave/statement.ts";
import {
  chargeFor,
  extendChain,
  hashTranscript,
  startChain,
  transcriptSchema,
  type Transcript,
} from "../../src/enclave/transcript.ts";
import type { EnclaveEvent } from "../../src/inside/events.ts";
import { DEFAULT_LIMITS, type InsideLimits } from "../../src/inside/limits.ts";
import { nitroPlatform } from "../../src/inside/platform/nitro-sidecar.ts";
import { PROBLEMS, type ProblemCode } from "../../src/inside/problem.ts";
import { startEnclave } from "../../src/inside/program.ts";
import { recoverAnswer } from "../../src/protocol/attested.ts";
import type { Json } from "../../src/protocol/canonical-json.ts";
import { idOf, type Request } from "../../src/protocol/request.ts";
import { fromHex } from "../../src/protocol/signature.ts";
import { requestToWire } from "../../src/protocol/wire.ts";
import { manifestOf } from "../enclave/manifests.ts";

export const PROVIDER = "0x2000000000000000000000000000000000000002";
export const ESCROW = "0x5000000000000000000000000000000000000005";
export const VERIFIER = "0x6000000000000000000000000000000000000006";
export const CHAIN_ID = 31_337;
export const SALT: Hex = `0x${"5a".repeat(32)}`;
export const HOUR = 3_600;

export type Fields = { readonly [key: string]: Json };

/** What is asked, and what it becomes on its way to an answer. */
export type Order = { readonly id: Hex; readonly request: Request; readonly body: Json; readonly salt: Hex };

export type Answered = { readonly chunks: string[]; readonly done: number | undefined; readonly problem: unknown };

export type WorldOptions = {
  readonly limits?: Partial<InsideLimits>;
  readonly change?: (manifest: AttestedManifest) => AttestedManifest;
  readonly apiKey?: string;
  readonly validity?: number;
  readonly now?: () => number;
};

export async function startWorld(options: WorldOptions = {}) {
  const { limits = {}, change = (manifest) => manifest, apiKey, validity = 48 * HOUR, now } = options;
  const upstream = await startUpstream(apiKey === undefined ? {} : { apiKey });
  const simulator = simulateNitro();
  const sidecar = await serveNitriding(simulator);
  const [chat, embeddings] = (["chat", "embeddings"] as const).map((kind) =>
    change(
      manifestOf({ kind, name: kind, enclave: simulator.measurement, upstream: { url: upstream.url, model: "llama" } }),
    ),
  ) as [AttestedManifest, AttestedManifest];
  const policy: ServingPolicy = {
    version: 1,
    chainId: CHAIN_ID,
    escrow: ESCROW,
    verifier: VERIFIER,
    models: [chat, embeddings],
  };
  const events: EnclaveEvent[] = [];
  const stopRest = async (): Promise<void> => {
    await sidecar.close();
    await upstream.stop();
  };
  const enclave = await startEnclave(
    {
      policy,
      platform: nitroPlatform(sidecar),
      gateways: [PROVIDER],
      validity,
      ...(apiKey !== undefined && { apiKey }),
      listen: { host: "127.0.0.1", port: 0 },
      limits: { ...DEFAULT_LIMITS, ...limits },
    },
    (event) => events.push(event),
    now,
  ).catch(async (error: unknown) => {
    await stopRest();
    throw error;
  });
  let nonce = 0n;

  const manifestFor = (model: Hex): AttestedManifest => (model === attestedModelOf(embeddings) ? embeddings : chat);

  /** An order that stands every check, but for what is changed. */
  const order = (fields: Fields = {}, changes: Partial<Request> = {}): Order => {
    const manifest = manifestFor(changes.model ?? attestedModelOf(chat));
    const asked: Fields =
      manifest.kind === "chat" ? { messages: [{ role: "user", content: "one two three" }] } : { input: "one two" };
    const body = { model: manifest.name, ...asked, ...fields };
    nonce += 1n;
    const request: Request = {
      payer: "0x1000000000000000000000000000000000000001",
      provider: PROVIDER,
      verifier: VERIFIER,
      consumer: zeroAddress,
      model: attestedModelOf(manifest),
      input: hashInput(body, SALT),
      price: capFor(manifest, readQuestion(manifest, body)),
      proverFee: 0n,
      penalty: 0n,
      deadline: Math.floor((now?.() ?? Date.now() / 1000) + HOUR),
      locked: false,
      nonce,
      ...changes,
    };
    return { id: idOf(request, { chainId: CHAIN_ID, escrow: ESCROW }), request, body, salt: SALT };
  };

  const post = async (path: string, content: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(`${enclave.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof content === "string" ? content : JSON.stringify(content),
      ...init,
    });
  const send = async ({ request, body, salt }: Omit<Order, "id">, init?: RequestInit): Promise<Response> =>
    post("/answers", { request: requestToWire(request), body, salt }, init);
  const answer = async (asked: Order): Promise<Answered> => readLines(await send(asked));

  const end = async (id: Hex, delivered: number): Promise<{ transcript: Transcript; signature: Hex }> => {
    const response = await post(`/answers/${id}/end`, { delivered });
    expect(response.status, await response.clone().text()).to.equal(200);
    const { transcript, signature } = (await response.json()) as { transcript: unknown; signature: Hex };
    return { transcript: transcriptSchema.parse(transcript), signature };
  };

  /** What was signed for so many chunks, after all that can be checked of it was. */
  const signedFor = async ({ id, request }: Order, chunks: readonly string[]): Promise<Transcript> => {
    const { transcript, signature } = await end(id, chunks.length);
    const { model, input } = request;
    const charge = BigInt(transcript.charge);
    const { price } = manifestFor(model);
    expect(transcript).to.include({ chainId: CHAIN_ID, escrow: ESCROW, request: id, model, input });
    expect(transcript.response).to.deep.equal({
      head: chunks.reduce(extendChain, startChain(id, input)),
      chunks: chunks.length,
    });
    expect(transcript.price).to.deep.equal(price);
    const metered = chargeFor(price, transcript.usage);
    expect(charge).to.equal(metered < request.price ? metered : request.price);
    const answered = { request: id, model, input, output: hashTranscript(transcript), charge };
    const signer = await recoverAnswer(answered, { chainId: CHAIN_ID, verifier: VERIFIER }, fromHex(signature));
    expect(signer).to.equal(enclave.key);
    return transcript;
  };

  return {
    upstream,
    simulator,
    enclave,
    policy,
    chat,
    embeddings: { ...embeddings, id: attestedModelOf(embeddings) },
    events,
    async answering(): Promise<number> {
      const health = (await (await fetch(`${enclave.url}/healthz`)).json()) as { readonly answering: number };
      return health.answering;
    },
    kinds: () => events.map(({ kind }) => kind),
    order,
    post,
    send,
    answer,
    end,
    signedFor,
    /** Asks, takes all of it, and has it signed for. */
    async ask(fields: Fields = {}, changes: Partial<Request> = {}) {
      const asked = order(fields, changes);
      const answered = await answer(asked);
      expect(answered.problem).to.equal(undefined);
      expect(answered.done).to.equal(answered.chunks.length);
      return { ...answered, order: asked, transcript: await signedFor(asked, answered.chunks) };
    },
    async stop() {
      await enclave.stop();
      await stopRest();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

type Line = { readonly chunk?: string; readonly done?: number; readonly problem?: unknown };

/** An answer's lines, one at a time. */
export async function* linesIn(response: Response): AsyncGenerator<Line, void> {
  expect(response.status, response.ok ? "" : await response.clone().text()).to.equal(200);
  expect(response.headers.get("content-type")).to.equal("application/x-ndjson");
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Line;
  }
  expect(rest).to.equal("");
}

async function readLines(response: Response): Promise<Answered> {
  const chunks: string[] = [];
  let [done, problem]: [number | undefined, unknown] = [undefined, undefined];
  for await (const line of linesIn(response)) {
    if (line.chunk !== undefined) chunks.push(line.chunk);
    done ??= line.done;
    problem ??= line.problem;
  }
  return { chunks, done, problem };
}

/** The text of a chat's chunks, as its reader puts it together. */
export function textOf(chunks: readonly string[]): string {
  type Choice = { readonly delta?: { readonly content?: string }; readonly message?: { readonly content: string } };
  const choices = chunks.flatMap((chunk) => (JSON.parse(chunk) as { readonly choices: Choice[] }).choices);
  return choices.map(({ delta, message }) => delta?.content ?? message?.content ?? "").join("");
}

/** That a response is this problem, in the form of all problems. */
export async function expectProblem(response: Response, code: ProblemCode): Promise<string> {
  const text = await response.text();
  expect([response.status, response.headers.get("content-type")], text).to.deep.equal([
    PROBLEMS[code][0],
    "application/problem+json",
  ]);
  const problem = JSON.parse(text) as { readonly detail: string };
  expect(problem).to.include({ code, status: PROBLEMS[code][0], title: PROBLEMS[code][1] });
  return problem.detail;
}
