/** A market with an attested model, and what stands between an agent and its gateway: something that can lie. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import type { PublicClient } from "viem";

import { startAttested, type AttestedOptions } from "../../scripts/local/attested.ts";
import { DOLLAR, startMarketplace } from "../../scripts/local/marketplace.ts";
import { connect, type Connection, type ConnectOptions } from "../../src/client/connect.ts";
import type { TrustedEnclaves } from "../../src/client/trust.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import { startGateway } from "../../src/gateway/gateway.ts";

export type Json = { [key: string]: unknown };

/** What is changed of what passes; nothing where nothing is named. */
export type Lies = {
  enclaves?: Lie | undefined;
  evidence?: Lie | undefined;
  /** Of an answer that is not streamed. */
  body?: (text: string) => string;
  /** What stands in PAYMENT-RESPONSE, or at the end of a stream. */
  tail?: Lie | undefined;
  /** All of a stream, in one. */
  stream?: (text: string) => string;
  /** Instead of the gateway. */
  answer?: ((post: Post) => Promise<Reply>) | undefined;
};

export type Post = { readonly path: string; readonly payment: string; readonly salt: string; readonly body: string };

type Reply = { readonly text: string; readonly headers: Readonly<Record<string, string>> };

export type Lie = (said: Json) => unknown;

/** The words of each question: they must reach nobody who is not to be asked. */
export const SECRET = "the launch code is 0451";
export const QUESTION = { messages: [{ role: "user", content: SECRET }] };
/** As the local upstream answers it. */
export const ANSWER = "Read backwards, that is: 0451 is code launch the";

export async function startAttestedWorld(options: AttestedOptions = {}) {
  const market = await startMarketplace({ models: [] });
  const attested = await startAttested(market, options);
  const gateway = await startGateway(market.settings({ enclaves: [attested.sale] }), () => {});
  const agent = market.account("agent");
  await market.fundTab(agent.address, 100n * DOLLAR, DOLLAR);
  const closing: (() => Promise<void> | void)[] = [];
  /** What an agent has to name to ask the simulator. */
  const measurement = hashMeasurement(attested.simulator.measurement);
  const enclaves: TrustedEnclaves = { measurements: [measurement], allowSimulated: true };

  return {
    ...market,
    attested,
    gateway,
    agent,
    measurement,
    enclaves,
    /** Of the agent's, to the gateway itself or to what lies in front of it. */
    async connect(given: Partial<ConnectOptions> = {}, url = gateway.url): Promise<Connection> {
      const client = market.client as PublicClient;
      const base = { client, trust: { enclaves }, pause: 1, interval: 20, timeout: 20_000 };
      const connection = await connect(url, agent, { ...base, ...given });
      closing.push(() => connection.close());
      return connection;
    },
    async proxy(lies: Lies = {}) {
      const proxy = await startProxy(gateway.url, lies);
      closing.push(() => proxy.stop());
      return proxy;
    },
    async stop(): Promise<void> {
      for (const close of closing) await close();
      await gateway.stop();
      await attested.stop();
      await market.stop();
    },
  };
}

export type AttestedWorld = Awaited<ReturnType<typeof startAttestedWorld>>;

async function startProxy(target: string, lies: Lies) {
  /** Everything that an agent sent: paths, headers and bodies. */
  const sent: string[] = [];
  const posts: string[] = [];
  const paths: string[] = [];
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });

  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { url: path = "", method = "GET" } = incoming;
    const body = await text(incoming);
    sent.push(`${path}\n${JSON.stringify(incoming.headers)}\n${body}`);
    paths.push(path);
    if (method === "POST") posts.push(body);
    if (method === "POST" && lies.answer !== undefined) {
      const { "payment-signature": payment, "assay-salt": salt } = incoming.headers;
      const reply = await lies.answer({ path, payment: String(payment), salt: String(salt), body });
      outgoing.writeHead(200, reply.headers).end(reply.text);
      return;
    }
    const headers = new Headers();
    for (const name of ["content-type", "payment-signature", "assay-salt"]) {
      const value = incoming.headers[name];
      if (typeof value === "string") headers.set(name, value);
    }
    const response = await fetch(`${target}${path}`, { method, headers, ...(method === "POST" && { body }) });
    const said = lie(path, await response.text(), response.headers);
    const type = response.headers.get("content-type") ?? "application/json";
    const isForged = path.startsWith("/v1/enclaves/") && lies.evidence !== undefined;
    outgoing.writeHead(isForged ? 200 : response.status, { "content-type": type, ...said.headers });
    outgoing.end(said.text);
  };

  const lie = (path: string, given: string, headers: Headers): Reply => {
    const change = (how: Lie | undefined, json: string): string =>
      how === undefined ? json : JSON.stringify(how(JSON.parse(json) as Json));
    if (path === "/v1/enclaves") return { text: change(lies.enclaves, given), headers: {} };
    if (path.startsWith("/v1/enclaves/")) return { text: change(lies.evidence, given), headers: {} };
    const header = headers.get("payment-response");
    if (header !== null) {
      const tail = change(lies.tail, Buffer.from(header, "base64").toString("utf8"));
      const changed = { "payment-response": Buffer.from(tail).toString("base64") };
      return { text: lies.body?.(given) ?? given, headers: changed };
    }
    if (!headers.get("content-type")?.startsWith("text/event-stream")) return { text: given, headers: {} };
    const tailed = given.replace(/^: assay (.*)$/m, (_line, tail: string) => `: assay ${change(lies.tail, tail)}`);
    return { text: lies.stream?.(tailed) ?? tailed, headers: {} };
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    paths,
    /** Whether any of the question got here, or anything that was signed for it. */
    hasSeen: (words: string) => sent.some((each) => each.includes(words) || each.includes("payment-signature")),
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
