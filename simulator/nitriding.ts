/** Serves documents as the nitriding daemon does beside the program in a Nitro enclave: an inner address and an outer one. */
import { createHash } from "node:crypto";
import { createServer as createInner, type IncomingMessage } from "node:http";
import { createServer as createOuter } from "node:https";

import { certify, pemOf } from "./certificate.ts";
import { close, listenOnPort } from "./loopback.ts";
import { readBody, replying, TooLongError, type Reply } from "./replies.ts";
import { SIMULATOR } from "./root.ts";
import type { SimulatedNitro } from "./nitro.ts";

export type ServedNitriding = {
  /** For the program in the enclave alone: plain HTTP. */
  readonly internal: string;
  /** For everybody: HTTPS, by a certificate that the enclave made for itself. */
  readonly external: string;
  readonly close: () => Promise<void>;
};

/** SHA-256 in multihash, 32 bytes. */
const HASH_PREFIX = Buffer.from("1220", "hex");
const HASH_BYTES = 32;
/** In base64, with the end of its line. */
const MOST_HASH_TEXT = 45;
const NONCE_BYTES = 20;
/** Its own verifier wants every field to have something. */
const PADDING = Buffer.from("dummy");
const DAY = 86_400;

export async function serveNitriding(nitro: SimulatedNitro): Promise<ServedNitriding> {
  const tls = tlsCertificate();
  const tlsHash = createHash("sha256").update(tls.certificate).digest();
  let programHash: Uint8Array = Buffer.alloc(HASH_BYTES);
  const register = replying((request, url) =>
    registerHash(request, url, (hash) => {
      programHash = hash;
    }),
  );
  const attest = replying(async (request, url) => {
    const userData = Buffer.concat([HASH_PREFIX, tlsHash, HASH_PREFIX, programHash]);
    return attestation(request, url, (nonce) => nitro.attest({ nonce, userData, publicKey: PADDING }));
  });
  const inner = createInner(register);
  const outer = createOuter({ key: tls.key, cert: tls.pem }, attest);
  return {
    internal: `http://127.0.0.1:${await listenOnPort(inner)}`,
    external: `https://127.0.0.1:${await listenOnPort(outer)}`,
    close: async () => {
      await Promise.all([close(inner), close(outer)]);
    },
  };
}

/** `POST /enclave/hash`: what the program wants in its documents. */
async function registerHash(
  request: IncomingMessage,
  { pathname }: URL,
  register: (hash: Uint8Array) => void,
): Promise<Reply> {
  if (pathname !== "/enclave/hash") return plain(404, "404 page not found");
  if (request.method !== "POST") return { status: 405 };
  const body = await readBody(request, MOST_HASH_TEXT).catch((error: unknown) => {
    if (error instanceof TooLongError) return null;
    throw error;
  });
  if (body === null) return plain(400, "reached read limit");
  const text = body.toString().trim();
  const hash = Buffer.from(text, "base64");
  if (hash.toString("base64") !== text) return plain(400, "no Base64 given");
  if (hash.length !== HASH_BYTES) return plain(400, "given hash is of invalid size");
  register(hash);
  return { status: 200 };
}

/** `GET /enclave/attestation?nonce=…`: a document over the nonce and both hashes. */
function attestation(
  { method }: IncomingMessage,
  { pathname, searchParams }: URL,
  attest: (nonce: Uint8Array) => Buffer,
): Reply {
  if (pathname !== "/enclave/attestation") return plain(404, "404 page not found");
  if (method !== "GET") return { status: 405 };
  const text = searchParams.get("nonce") ?? "";
  if (text === "") return plain(400, "could not find nonce in URL query parameters");
  const nonce = Buffer.from(text, "hex");
  if (nonce.length !== NONCE_BYTES || nonce.toString("hex") !== text.toLowerCase()) {
    return plain(400, "unexpected nonce format; must be 40-digit hex string");
  }
  return plain(200, attest(nonce).toString("base64"));
}

function plain(status: number, text: string): Reply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${text}\n` };
}

function tlsCertificate() {
  const now = Math.floor(Date.now() / 1000);
  const { certificate, privateKey } = certify({
    subject: { CN: "simulated enclave", ...SIMULATOR },
    curve: "P-256",
    notBefore: now - DAY,
    notAfter: now + 356 * DAY,
    keyUsages: ["digitalSignature"],
  });
  return { certificate, pem: pemOf([certificate]), key: privateKey.export({ type: "pkcs8", format: "pem" }) };
}
