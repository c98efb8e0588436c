/** Sends requests over a fixed number of connections, each after the answer to the one before. */
import { Agent, request } from "node:http";

import type { SignedOrder } from "./orders.ts";

export type Load = {
  /** Milliseconds from the first byte sent to the last one received, sorted. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly failures: readonly string[];
};

export async function sendAll(url: string, orders: readonly SignedOrder[], connections: number, onAnswer: () => void) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  const failures: string[] = [];
  let next = 0;
  const started = performance.now();
  const work = async (): Promise<void> => {
    for (let order = orders[next++]; order !== undefined; order = orders[next++]) {
      const sent = performance.now();
      const { status, text } = await post(url, order, agent);
      if (status === 200) latencies.push(performance.now() - sent);
      else failures.push(text);
      onAnswer();
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  agent.destroy();
  return {
    latencies: latencies.sort((one, other) => one - other),
    seconds: (performance.now() - started) / 1000,
    failures,
  } satisfies Load;
}

async function post(
  url: string,
  { header, body }: SignedOrder,
  agent: Agent,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "payment-signature": header,
    };
    const sending = request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

/** Of sorted numbers, the one that a part of them does not exceed. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
