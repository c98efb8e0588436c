/** Documents that no enclave made, under a root that nobody trusts: right, or wrong in a single thing. */
import { encode, Tagged } from "cborg";
import type { Hex } from "viem";

import { CborError } from "../../src/enclave/cbor.ts";
import { CoseError } from "../../src/enclave/cose.ts";
import { NitroDocumentError } from "../../src/enclave/nitro.ts";
import { CertificateError } from "../../src/enclave/x509/certificate-error.ts";
import { fingerprint, makeChain, newKey, NOW, sign, type Key, type Wish } from "./authority.ts";

export type Maker = {
  /** What the documents' verifiers have to pin. */
  readonly roots: readonly Hex[];
  /** From the leaf to the root. */
  readonly chain: readonly Uint8Array[];
  readonly leaf: Key;
};

/** A maker of documents, whose certificates are sound but for what `edit` changes. */
export async function openMaker(keys: readonly Key[], edit?: (wish: Wish, position: number) => Wish): Promise<Maker> {
  const chain = await makeChain(keys, edit);
  return { roots: [fingerprint(chain)], chain, leaf: keys[0] ?? (await newKey()) };
}

export type Payload = Readonly<Record<string, unknown>>;

/** What a document says, by AWS's names. */
export function payloadOf({ chain }: Pick<Maker, "chain">): Payload {
  const [certificate = new Uint8Array(), ...authorities] = chain;
  return {
    module_id: "i-0123456789abcdef0-enc0123456789abcdef",
    digest: "SHA384",
    timestamp: NOW * 1_000,
    pcrs: new Map(Array.from({ length: 16 }, (_, index) => [index, new Uint8Array(48).fill(index + 1)])),
    certificate,
    cabundle: authorities.toReversed(),
    public_key: null,
    user_data: Uint8Array.of(1, 2, 3),
    nonce: null,
  };
}

/** How the envelope differs from the usual one. */
export type Envelope = {
  readonly header?: Uint8Array;
  readonly unprotected?: unknown;
  readonly parts?: (parts: readonly unknown[]) => readonly unknown[];
  readonly isTagged?: boolean;
  readonly key?: Key;
  readonly hash?: string;
};

export const ES384 = encode(new Map([[1, -35]]));

/** Signs what a document says. @param payload Its fields, or what stands in their place, as bytes. */
export async function signDocument(
  { leaf }: Pick<Maker, "leaf">,
  payload: Payload | Uint8Array,
  envelope: Envelope = {},
): Promise<Uint8Array> {
  const { header = ES384, unprotected = new Map(), parts = same, isTagged = false, key = leaf, hash } = envelope;
  const said = payload instanceof Uint8Array ? payload : encode(payload);
  const signature = await sign(key, encode(["Signature1", header, new Uint8Array(), said]), hash);
  const whole = parts([header, unprotected, said, signature]);
  return encode(isTagged ? new Tagged(18, whole) : whole);
}

function same(parts: readonly unknown[]): readonly unknown[] {
  return parts;
}

/** The class and the reason of a refusal; what is none of these is thrown again. */
export function refusalOf(error: unknown): string {
  const isTyped =
    error instanceof CborError ||
    error instanceof CoseError ||
    error instanceof NitroDocumentError ||
    error instanceof CertificateError;
  if (!isTyped) throw error;
  return `${error.name}: ${error.because}`;
}
