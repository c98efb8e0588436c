/** The program that runs inside an enclave, with all its parts. */
import { serve } from "@hono/node-server";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Address } from "viem";

import { attestedModelOf } from "../enclave/manifest.ts";
import type { ServingPolicy } from "../enclave/statement.ts";
import { openAnswering } from "./answering.ts";
import { insideApp } from "./app.ts";
import { openAttestation } from "./attestation.ts";
import type { Tell } from "./events.ts";
import type { InsideLimits } from "./limits.ts";
import { ordersUnder } from "./order.ts";
import type { Platform } from "./platform/platform.ts";
import { openStatements } from "./statements.ts";
import { checkUpstreams } from "./upstream-key.ts";

const MOST_HEADERS = 8_192;
/** How long requests in hand have when the program stops. */
const STOP_MS = 5_000;

export type EnclaveSettings = {
  readonly policy: ServingPolicy;
  readonly platform: Platform;
  /** The providers' keys whose gateways it answers to. */
  readonly gateways: readonly Address[];
  /** Seconds for which a statement holds. */
  readonly validity: number;
  /** What the upstream knows the enclave by. */
  readonly apiKey?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly limits: InsideLimits;
};

export type Enclave = {
  readonly url: string;
  /** The address of the key that it made. */
  readonly key: Address;
  readonly stop: () => Promise<void>;
};

function clock(): number {
  return Math.floor(Date.now() / 1000);
}

/** @param now Seconds of Unix time. */
export async function startEnclave(settings: EnclaveSettings, tell: Tell, now = clock): Promise<Enclave> {
  const { policy, platform, gateways, validity, apiKey, listen, limits } = settings;
  checkUpstreams(policy, apiKey);
  const statements = openStatements({ policy, gateways, validity, now });
  const { signer } = statements;
  const answering = openAnswering({ policy, signer, apiKey, limits, tell });
  const app = insideApp({
    policy,
    statements,
    attestation: openAttestation({ policy, platform, statements, now, tell }),
    orders: ordersUnder(policy),
    answering,
    limits,
    now,
    tell,
  });
  const server = serve({
    fetch: app.fetch,
    hostname: listen.host,
    port: listen.port,
    serverOptions: {
      maxHeaderSize: MOST_HEADERS,
      requestTimeout: limits.sendMs,
      headersTimeout: limits.sendMs,
      connectionsCheckingInterval: Math.ceil(limits.sendMs / 2),
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause) => reject(new EnclaveListenError(listen.host, listen.port, { cause })));
  });
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  tell({ kind: "listening", url, key: signer.address, models: policy.models.map(attestedModelOf) });
  return {
    url,
    key: signer.address,
    async stop() {
      const closed = once(server, "close");
      server.close();
      answering.stop();
      if ("closeIdleConnections" in server) server.closeIdleConnections();
      const timer = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), STOP_MS).unref();
      await closed;
      clearTimeout(timer);
    },
  };
}

/** The address to listen on cannot be had. */
export class EnclaveListenError extends Error {
  override readonly name = "EnclaveListenError";

  constructor(host: string, port: number, options?: ErrorOptions) {
    super(`The enclave cannot listen on ${host}:${port}. Does another run there? Name another port.`, options);
  }
}
