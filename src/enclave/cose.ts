/** COSE_Sign1 (RFC 9052, section 4.2), in the one form that attestation documents have: ES384, and no other header. */
import { encode } from "cborg";

import { readCbor, type CborValue } from "./cbor.ts";
import { isSignedBy, type PublicKey } from "./x509/ecdsa.ts";

export type CoseSign1 = {
  /** The protected header as it came: the signature is over its bytes. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
};

/** The most that a payload may have. */
export const MOST_PAYLOAD = 16_384;
/** And what is around it. */
const MOST_AROUND = 256;
/** Tag 18, which may stand before it or be left out. */
const TAG = 0xd2;
const ALGORITHM = 1;
const ES384 = -35;
const SIGNATURE_BYTES = 96;

/** Reads it; whether it is signed is checked against a key. */
export function readCoseSign1(bytes: Uint8Array): CoseSign1 {
  const untagged = bytes[0] === TAG ? bytes.subarray(1) : bytes;
  const parts = readCbor(untagged, MOST_PAYLOAD + MOST_AROUND);
  if (!isArray(parts) || parts.length !== 4) throw new CoseError("parts");
  const [header, unprotected, payload, signature] = parts;
  if (!(header instanceof Uint8Array) || !isEs384(header)) throw new CoseError("header");
  // Nobody signs what stands in it.
  if (!(unprotected instanceof Map) || unprotected.size > 0) throw new CoseError("unprotected");
  const isPayload = payload instanceof Uint8Array && payload.length > 0 && payload.length <= MOST_PAYLOAD;
  if (!isPayload) throw new CoseError("payload");
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) throw new CoseError("signature");
  return { header, payload, signature };
}

/** Refuses what this key did not sign. */
export async function requireSignedBy({ header, payload, signature }: CoseSign1, key: PublicKey): Promise<void> {
  // RFC 9052, section 4.4: the context, the protected header, no further data, and the payload.
  const message = encode(["Signature1", header, new Uint8Array(), payload]);
  if (!(await isSignedBy(key, signature, message))) throw new CoseError("not-signed");
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value);
}

function isEs384(header: Uint8Array): boolean {
  const headers = readCbor(header, MOST_AROUND);
  return headers instanceof Map && headers.size === 1 && headers.get(ALGORITHM) === ES384;
}

const REASONS = {
  parts: "it must be an array of four parts",
  header: "its protected header must name ES384 and nothing else",
  unprotected: "its unprotected header must be empty",
  payload: `its payload must have between one and ${MOST_PAYLOAD} bytes`,
  signature: `its signature must have ${SIGNATURE_BYTES} bytes`,
  "not-signed": "its signature is not the key's that its certificate names",
} as const;

export type CoseRule = keyof typeof REASONS;

/** An envelope is not of the one form, or is not signed. */
export class CoseError extends Error {
  override readonly name = "CoseError";
  readonly because: CoseRule;

  constructor(because: CoseRule) {
    super(`A document's envelope is refused: ${REASONS[because]}. Believe nothing that it says.`);
    this.because = because;
  }
}
