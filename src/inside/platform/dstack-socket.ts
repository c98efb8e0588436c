/** Quotes of TDX from dstack's guest agent, which listens on a Unix socket beside this program. */
import { bytesToHex, concat, hexToBytes, type Hex } from "viem";
import { z } from "zod";

import { MalformedQuoteError, readQuote, type Quote } from "../../enclave/dcap/layout.ts";
import { isBoundTo } from "../../enclave/statement.ts";
import { ask, WrongAnswerError, type Service } from "./ask.ts";
import { collateralFrom } from "./pccs.ts";
import type { Platform } from "./platform.ts";

export type DstackSettings = {
  /** Where the agent listens: `/var/run/dstack.sock`, as a rule. */
  readonly socket: string;
  /** The address of a service that has Intel's collateral. */
  readonly pccs: string;
  readonly withinMs?: number;
};

/** A quote with its event log, in hex within JSON. */
const MOST_BYTES = 1_048_576;
/** Quoting takes a machine some seconds when many ask. */
const WITHIN_MS = 30_000;

const answerSchema = z.looseObject({
  quote: z
    .string()
    .regex(/^([0-9a-fA-F]{2})+$/)
    .max(32_768),
});

export function dstackPlatform({ socket, pccs, withinMs = WITHIN_MS }: DstackSettings): Platform {
  const service: Service = {
    name: `guest agent at ${socket}`,
    advice: "Run this program under dstack 0.5 or later, with the agent's socket mounted.",
  };
  const collateralOf = collateralFrom({ url: pccs, withinMs });
  return {
    name: "tdx",
    attest: async (statement, blockHash) => {
      const reportData = concat([statement, blockHash]);
      const answer = await ask(service, {
        method: "POST",
        url: new URL("http://dstack/GetQuote"),
        socketPath: socket,
        contentType: "application/json",
        body: JSON.stringify({ report_data: reportData.slice(2) }),
        mostBytes: MOST_BYTES,
        withinMs,
      });
      const document = quoteIn(answer.body, service);
      const { report, certificates } = readAs(document, service);
      const bound = { kind: "report-data", reportData: bytesToHex(report.reportData) } as const;
      if (report.platform !== "tdx" || !isBoundTo(bound, statement, blockHash)) {
        throw new WrongAnswerError(service, "its quote is not one of TDX over what was asked");
      }
      return { document, collateral: await collateralOf(certificates) };
    },
  };
}

function quoteIn(body: Buffer, service: Service): Uint8Array {
  const parsed = answerSchema.safeParse(jsonOf(body));
  if (!parsed.success) throw new WrongAnswerError(service, "its answer has no quote in hex");
  return hexToBytes(`0x${parsed.data.quote}` satisfies Hex);
}

function readAs(document: Uint8Array, service: Service): Quote {
  try {
    return readQuote(document);
  } catch (error) {
    if (!(error instanceof MalformedQuoteError)) throw error;
    throw new WrongAnswerError(service, error.message);
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
