/** A stranger's gateway on loopback, whose answers a test decides. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import type { z } from "zod";

import { jobToWire, type jobSchema, type Job } from "../../src/protocol/wire.ts";

export type Asked = { readonly path: string; readonly body: unknown };
export type Answering = (asked: Asked) => {
  readonly status: number;
  readonly body?: string;
  readonly delayMs?: number;
};
export type WireJob = z.input<typeof jobSchema>;

/** A feed's answer with these jobs, the lease of each named by its place. */
export function leasing(jobs: readonly unknown[]): Answering {
  return ({ path }) =>
    path === "/v1/jobs/lease" ? { status: 200, body: JSON.stringify({ jobs: jobs.map(leaseOf) }) } : { status: 204 };
}

/** A job with its lease. */
export function leaseOf(job: unknown, place: number) {
  return { job, lease: `lease-${place}`, until: 2_000_000_000 };
}

/** The JSON of a job, with changes that a thief would make. */
export function wireOf(job: Job, changes: Readonly<Record<string, unknown>> = {}): WireJob {
  return { ...jobToWire(job), ...changes };
}

/** Starts the gateway. */
export async function startGateway() {
  const asked: Asked[] = [];
  let answering: Answering = leasing([]);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const question = { path: request.url ?? "", body: JSON.parse(await text(request)) as unknown };
    asked.push(question);
    const { status, body, delayMs } = answering(question);
    if (delayMs !== undefined) await sleep(delayMs, undefined, { ref: false });
    response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    paths: () => asked.map(({ path }) => path),
    answerWith(next: Answering): void {
      asked.length = 0;
      answering = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>;
