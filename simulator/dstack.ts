/** Serves quotes as dstack's guest agent does (its version 0.5): JSON over HTTP on a Unix socket, bytes in hex. */
import { createServer, type IncomingMessage } from "node:http";

import { close, listenOnSocket } from "./loopback.ts";
import { readBody, replying, type Reply } from "./replies.ts";
import type { SimulatedTdx } from "./tdx.ts";

const REPORT_DATA_BYTES = 64;
const MOST_BODY = 16_384;
const VERSION = { version: "0.5.9", rev: "simulator" };

/** @returns What ends it. */
export async function serveDstack(tdx: SimulatedTdx, socketPath: string): Promise<() => Promise<void>> {
  const server = createServer(replying((request, url) => answer(tdx, request, url)));
  await listenOnSocket(server, socketPath);
  return () => close(server);
}

async function answer(tdx: SimulatedTdx, request: IncomingMessage, { pathname, searchParams }: URL): Promise<Reply> {
  try {
    if (pathname === "/Version") return json(200, VERSION);
    if (pathname !== "/GetQuote") return json(404, { error: "Service not found" });
    const asked = request.method === "POST" ? await reportDataOf(request) : searchParams.get("report_data");
    return json(200, quoteFor(tdx, asked ?? ""));
  } catch (error) {
    return json(400, { error: error instanceof Error ? error.message : String(error) });
  }
}

function quoteFor(tdx: SimulatedTdx, hex: string): object {
  const given = Buffer.from(hex, "hex");
  if (given.toString("hex") !== hex.toLowerCase()) throw new ReportDataError("is not hex");
  if (given.length > REPORT_DATA_BYTES) throw new ReportDataError("is too long");
  const reportData = Buffer.concat([given, Buffer.alloc(REPORT_DATA_BYTES - given.length)]);
  return {
    quote: tdx.quote(reportData).toString("hex"),
    event_log: "[]",
    report_data: reportData.toString("hex"),
    vm_config: "",
    attestation: "",
  };
}

async function reportDataOf(request: IncomingMessage): Promise<string> {
  const body = JSON.parse((await readBody(request, MOST_BODY)).toString()) as { readonly report_data?: unknown };
  if (typeof body.report_data !== "string") throw new ReportDataError("is missing");
  return body.report_data;
}

function json(status: number, body: object): Reply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** A request's report data are none. */
export class ReportDataError extends Error {
  override readonly name = "ReportDataError";

  constructor(complaint: string) {
    super(`Report data ${complaint}. Give up to ${REPORT_DATA_BYTES} bytes in hex.`);
  }
}
