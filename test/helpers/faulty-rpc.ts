import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { keccak256, type Hex } from "viem";

/** A call as JSON-RPC puts it. */
export type RpcCall = { readonly id: unknown; readonly method: string; readonly params: readonly unknown[] };

/** What a node answers: a result, or an error; or what stands in front of it, an HTTP status and no JSON. */
export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly status: number }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

/** Makes another answer of the node's. It may refuse to ask the node at all, by not calling `ask`. */
export type Rewrite = (call: RpcCall, ask: () => Promise<RpcAnswer>) => Promise<RpcAnswer> | RpcAnswer;

/** Starts a proxy on loopback in front of a node, that has no fault until it is told to have one. */
export async function startFaultyRpc(node: string) {
  const calls: RpcCall[] = [];
  const dropped: Hex[] = [];
  const rewrites = new Map<string, Rewrite>();
  let isRefusing = false;
  let delayMs = 0;

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await textOf(request)) as RpcCall | RpcCall[];
    calls.push(...[body].flat());
    if (delayMs > 0) await sleep(delayMs);
    if (isRefusing) {
      response.destroy();
      return;
    }
    const answer = Array.isArray(body) ? await Promise.all(body.map(answerTo)) : await answerTo(body);
    if ("status" in answer) response.statusCode = Number(answer.status);
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  }

  async function answerTo(call: RpcCall): Promise<object> {
    const ask = async (): Promise<RpcAnswer> => forward(node, call);
    const rewrite = rewrites.get(call.method);
    return { jsonrpc: "2.0", id: call.id, ...(rewrite === undefined ? await ask() : await rewrite(call, ask)) };
  }

  return {
    /** With a path, as of a provider that puts its customers' keys there. */
    rpc: `http://127.0.0.1:${port}/v1/${SECRET}`,
    origin: `http://127.0.0.1:${port}`,
    /** All that was asked, refused or not. */
    calls,
    /** The hashes of transactions that were dropped. */
    dropped,
    /** How often a method was asked for. */
    count: (method: string): number => calls.filter((call) => call.method === method).length,
    /** Breaks every connection off without an answer. */
    refuse() {
      isRefusing = true;
    },
    /** Answers late. */
    delay(ms: number) {
      delayMs = ms;
    },
    /** Says that all is well with what the node never hears of: a transaction's hash, or null for other methods. */
    drop(method: string) {
      rewrites.set(method, ({ params: [raw] }) => {
        if (method !== "eth_sendRawTransaction") return { result: null };
        const hash = keccak256(raw as Hex);
        dropped.push(hash);
        return { result: hash };
      });
    },
    /** Lies. */
    rewrite(method: string, rewrite: Rewrite) {
      rewrites.set(method, rewrite);
    },
    /** Ends all faults. */
    heal() {
      isRefusing = false;
      delayMs = 0;
      rewrites.clear();
    },
    async stop() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export type FaultyRpc = Awaited<ReturnType<typeof startFaultyRpc>>;

/** What must not be in any message. */
export const SECRET = "0123456789abcdef-key";

async function textOf(request: IncomingMessage): Promise<string> {
  request.setEncoding("utf8");
  let text = "";
  for await (const chunk of request) text += chunk as string;
  return text;
}

async function forward(node: string, { method, params }: RpcCall): Promise<RpcAnswer> {
  const response = await fetch(node, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { code: number; message: string } };
  return error === undefined ? { result } : { error };
}
