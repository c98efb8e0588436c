/** ECDSA on the curves of NIST, as certificates name, write and sign it. */
import type { AlgorithmIdentifier, SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import { bytesToHex } from "viem";

import { DerError, INTEGER, readElements, requireDer, SEQUENCE } from "./der.ts";

/** A curve, with the one hash that it is signed with here. */
export type Curve = "P-256" | "P-384" | "P-521";

/** A public key: its curve, and its point, uncompressed. */
export type PublicKey = { readonly curve: Curve; readonly point: Uint8Array<ArrayBuffer> };

const CURVES = {
  "P-256": { bytes: 32, hash: "SHA-256", signature: "1.2.840.10045.4.3.2", parameters: "0x06082a8648ce3d030107" },
  "P-384": { bytes: 48, hash: "SHA-384", signature: "1.2.840.10045.4.3.3", parameters: "0x06052b81040022" },
  "P-521": { bytes: 66, hash: "SHA-512", signature: "1.2.840.10045.4.3.4", parameters: "0x06052b81040023" },
} as const satisfies Record<Curve, unknown>;

const NAMES = ["P-256", "P-384", "P-521"] as const;
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const UNCOMPRESSED = 0x04;

/** The curve that a signature's algorithm goes with; none of other algorithms, or with parameters. */
export function curveOfSignature({ algorithm, parameters }: AlgorithmIdentifier): Curve | undefined {
  if (parameters !== undefined) return undefined;
  return NAMES.find((name) => CURVES[name].signature === algorithm);
}

/** The key; none of another kind than these, or with a point in another form. */
export function publicKeyOf({ algorithm, subjectPublicKey }: SubjectPublicKeyInfo): PublicKey | undefined {
  const { parameters } = algorithm;
  if (algorithm.algorithm !== EC_PUBLIC_KEY || !(parameters instanceof ArrayBuffer)) return undefined;
  const encoded = bytesToHex(new Uint8Array(parameters));
  const curve = NAMES.find((name) => CURVES[name].parameters === encoded);
  const point = new Uint8Array(subjectPublicKey);
  if (curve === undefined || point[0] !== UNCOMPRESSED || point.length !== 1 + 2 * CURVES[curve].bytes) {
    return undefined;
  }
  return { curve, point };
}

/** Whether the key signed the message. @param signature Two numbers, each as long as the curve's field: another curve's are refused. */
export async function isSignedBy(key: PublicKey, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const { bytes, hash } = CURVES[key.curve];
  if (signature.length !== 2 * bytes) return false;
  const { curve, point } = key;
  try {
    const usable = await crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: curve }, false, ["verify"]);
    return await crypto.subtle.verify(
      { name: "ECDSA", hash },
      usable,
      Uint8Array.from(signature),
      Uint8Array.from(message),
    );
  } catch (cause) {
    // A point that is not on its curve signed nothing. Whatever else went wrong is no answer.
    if (cause instanceof DOMException && cause.name === "DataError") return false;
    throw cause;
  }
}

/** The two numbers of a signature as certificates write it. */
export function flatSignature(der: Uint8Array, curve: Curve): Uint8Array<ArrayBuffer> {
  const { bytes } = CURVES[curve];
  requireDer(der);
  const [sequence] = readElements(der);
  if (sequence?.tag !== SEQUENCE) throw new DerError("shape");
  const numbers = readElements(sequence.content);
  if (numbers.length !== 2) throw new DerError("shape");
  const flat = new Uint8Array(2 * bytes);
  for (const [index, { tag, content }] of numbers.entries()) {
    if (tag !== INTEGER || (content[0] ?? 0) >= 0x80) throw new DerError("shape");
    const digits = content[0] === 0 ? content.subarray(1) : content;
    if (digits.length > bytes) throw new DerError("shape");
    flat.set(digits, (index + 1) * bytes - digits.length);
  }
  return flat;
}
