/** Documents of a Nitro enclave from the nitriding daemon, which runs beside this program and alone talks to the module. */
import { bytesToHex, hexToBytes, slice, type Hex } from "viem";

import { CborError, readCbor, type CborMap } from "../../enclave/cbor.ts";
import { CoseError, MOST_PAYLOAD, readCoseSign1 } from "../../enclave/cose.ts";
import { isBoundTo, type Bound } from "../../enclave/statement.ts";
import { ask, WrongAnswerError, type Service } from "./ask.ts";
import type { Platform } from "./platform.ts";

export type NitroSidecarSettings = {
  /** Where the daemon takes what this program wants attested: `http://127.0.0.1:8080`, as a rule (its `-intport`). */
  readonly internal: string;
  /** Where it serves documents to everybody: `https://127.0.0.1:443`, as a rule (its `-ext-pub-port`). */
  readonly external: string;
  readonly withinMs?: number;
};

/** The daemon takes no longer nonces. */
const NONCE_BYTES = 20;
/** Four times what documents have, in base64. */
const MOST_BYTES = 32_768;
const WITHIN_MS = 10_000;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export function nitroPlatform({ internal, external, withinMs = WITHIN_MS }: NitroSidecarSettings): Platform {
  const service: Service = {
    name: `side-car at ${internal} and ${external}`,
    advice: "Run this program inside the enclave with nitriding beside it, and name its two addresses in the settings.",
  };
  const bounds = { mostBytes: MOST_BYTES, withinMs };
  // What it attests is one hash for all: who asks while another waits would get the other's.
  let last: Promise<unknown> = Promise.resolve();

  const attest = async (statement: Hex, blockHash: Hex): Promise<Uint8Array> => {
    const hash = new URL("/enclave/hash", internal);
    await ask(service, { method: "POST", url: hash, body: base64Of(statement), ...bounds });
    const url = new URL("/enclave/attestation", external);
    url.searchParams.set("nonce", slice(blockHash, 0, NONCE_BYTES).slice(2));
    const { body } = await ask(service, { method: "GET", url, ...bounds });
    const text = body.toString("latin1").trim();
    if (!BASE64.test(text)) throw new WrongAnswerError(service, "its answer is not in base64");
    const document = new Uint8Array(Buffer.from(text, "base64"));
    if (!isBoundTo(boundBy(document, service), statement, blockHash)) {
      throw new WrongAnswerError(service, "its document is not over what was asked");
    }
    return document;
  };

  return {
    name: "nitro",
    attest: async (statement, blockHash) => {
      const attested = last.then(() => attest(statement, blockHash));
      last = attested.catch(() => {});
      return { document: await attested };
    },
  };
}

/** What a document says that it is over; whether it is true is for those to check who believe no side-car. */
function boundBy(document: Uint8Array, service: Service): Bound {
  try {
    const fields = readCbor(readCoseSign1(document).payload, MOST_PAYLOAD);
    if (!(fields instanceof Map)) throw new WrongAnswerError(service, "its document has no fields");
    return { kind: "fields", userData: hexIn(fields, "user_data"), nonce: hexIn(fields, "nonce") };
  } catch (error) {
    if (!(error instanceof CborError || error instanceof CoseError)) throw error;
    throw new WrongAnswerError(service, error.message);
  }
}

function hexIn(fields: CborMap, name: string): Hex | undefined {
  const value = fields.get(name);
  return value instanceof Uint8Array ? bytesToHex(value) : undefined;
}

function base64Of(statement: Hex): string {
  return Buffer.from(hexToBytes(statement)).toString("base64");
}
