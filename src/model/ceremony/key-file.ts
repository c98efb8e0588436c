/**
 * What a proving key says of its own making. Who contributed is read from here alone, never from what somebody wrote
 * beside it.
 */
import { createHash } from "node:crypto";

import type { Hex } from "viem";

import { BadPointError, FIELD_ORDER, checkG1, checkG2 } from "../../protocol/bn254.ts";
import type { G1Point, G2Point } from "../../protocol/bn254.ts";
import { MalformedFileError, fromLittleEndian, readSections } from "./sections.ts";

/** One step of a key's making, as the key itself records it. */
export type Contribution = {
  /**
   * A beacon is public, so it protects nothing by itself. That a contribution is none is its maker's word: what counts
   * is that somebody trusted made it.
   */
  readonly kind: "contribution" | "beacon";
  /** The name that the contributor gave. Nothing binds it. */
  readonly name: string;
  /** BLAKE2b-512 over the step and all before it: what the contributor saw printed. */
  readonly hash: Hex;
  /** A beacon's value and how often it was hashed, as a power of two. */
  readonly beacon?: { readonly value: Hex; readonly iterations: number };
};

/** The head of a proving key. */
export type KeyRecord = {
  /** Of the circuit on its phase 1, before anyone contributed. */
  readonly circuitHash: Hex;
  readonly domain: number;
  readonly delta: G2Point;
  readonly contributions: readonly Contribution[];
};

const HEADER = 2;
const CONTRIBUTIONS = 10;
const G1_BYTES = 64;
const G2_BYTES = 128;
const HASH_BYTES = 64;
const STEP_BYTES = 3 * G1_BYTES + G2_BYTES + HASH_BYTES;
const NAME = 1;
const ITERATIONS = 2;
const BEACON = 3;

// Coordinates are stored times 2^256. The inverse of R = 2^256 is R^(q-2).
const FROM_MONTGOMERY = power(2n ** 256n, FIELD_ORDER - 2n);

/** Reads the head of a key, given by path or as bytes. */
export async function readKey(key: string | Uint8Array): Promise<KeyRecord> {
  const sections = await readSections(key, "zkey", [HEADER, CONTRIBUTIONS]);
  const name = typeof key === "string" ? key : "The key";
  const header = new Reader(name, sections.get(HEADER) as Buffer);
  const [primeQ, primeR] = [header.take(header.number()), header.take(header.number())];
  if (primeQ.length !== 32 || primeR.length !== 32 || fromLittleEndian(primeQ) !== FIELD_ORDER) {
    throw new MalformedFileError(name, "zkey", "it is over another curve than BN254");
  }
  header.take(4 + 4);
  const domain = header.number();
  header.take(2 * G1_BYTES + 2 * G2_BYTES + G1_BYTES);
  const delta = checkG2(g2(header.take(G2_BYTES)), "delta");
  header.end();

  const record = new Reader(name, sections.get(CONTRIBUTIONS) as Buffer);
  const circuitHash = hex(record.take(HASH_BYTES));
  const count = record.number();
  const contributions: Contribution[] = [];
  for (let index = 0; index < count; index++) {
    if (isClosed({ contributions })) throw new MalformedFileError(name, "zkey", "a step follows its beacon");
    contributions.push(readContribution(record));
  }
  record.end();
  return { circuitHash, domain, delta, contributions };
}

/** Who contributed to a key, in order. */
export async function contributionsOf(key: string | Uint8Array): Promise<readonly Contribution[]> {
  return (await readKey(key)).contributions;
}

/** The point of a key that its contributions are for: whoever knows its logarithm forges. */
export async function deltaOf(key: string | Uint8Array): Promise<G2Point> {
  return (await readKey(key)).delta;
}

/** Whether somebody other than a beacon contributed. Without that, anyone can forge. */
export function isContributedTo({ contributions }: Pick<KeyRecord, "contributions">): boolean {
  return contributions.some(({ kind }) => kind === "contribution");
}

/** Whether a beacon closed the key. */
export function isClosed({ contributions }: Pick<KeyRecord, "contributions">): boolean {
  return contributions.at(-1)?.kind === "beacon";
}

function readContribution(record: Reader): Contribution {
  const step = record.take(STEP_BYTES);
  // Its secret is one, so that it hides nothing.
  if (step.subarray(G1_BYTES, 2 * G1_BYTES).equals(step.subarray(2 * G1_BYTES, 3 * G1_BYTES))) {
    throw new MalformedFileError(record.file, "zkey", "a contribution in it changes nothing");
  }
  const type = record.number();
  const parameters = new Reader(record.file, record.take(record.number()));
  const found = new Map<number, Buffer>();
  while (!parameters.isAtEnd) {
    const id = parameters.byte();
    if (id > BEACON || id < NAME || [...found.keys()].some((earlier) => earlier >= id)) {
      throw new MalformedFileError(record.file, "zkey", "a contribution's parameters are not in order");
    }
    found.set(id, parameters.take(id === ITERATIONS ? 1 : parameters.byte()));
  }
  const name = readName(record.file, found.get(NAME));
  const [iterations, value] = [found.get(ITERATIONS), found.get(BEACON)];
  const hash = hashOf(step);
  if (type === 0 && iterations === undefined && value === undefined) return { kind: "contribution", name, hash };
  if (type === 1 && iterations !== undefined && value !== undefined) {
    return { kind: "beacon", name, hash, beacon: { value: hex(value), iterations: iterations[0] as number } };
  }
  // Type and parameters are outside of the hash, so a beacon could be passed off as a contribution by one byte.
  throw new MalformedFileError(record.file, "zkey", "it has a step that is neither a contribution nor a beacon");
}

function readName(file: string, bytes: Buffer | undefined): string {
  if (bytes === undefined) return "";
  const name = bytes.toString("utf8");
  // They are shown on terminals.
  if (/\p{C}|\uFFFD/u.test(name)) throw new MalformedFileError(file, "zkey", "a contributor's name is not text");
  return name;
}

/** The hash is over the points as plain big-endian numbers, imaginary parts first. */
function hashOf(step: Buffer): Hex {
  const hash = createHash("blake2b512");
  for (let index = 0; index < 3; index++) {
    const { x, y } = checkG1(g1(step.subarray(index * G1_BYTES)), "a contribution");
    hash.update(word(x)).update(word(y));
  }
  const { xImaginary, xReal, yImaginary, yReal } = checkG2(g2(step.subarray(3 * G1_BYTES)), "a contribution");
  for (const value of [xImaginary, xReal, yImaginary, yReal]) hash.update(word(value));
  return hex(hash.update(step.subarray(-HASH_BYTES)).digest());
}

function g1(bytes: Buffer): G1Point {
  return { x: coordinate(bytes, 0), y: coordinate(bytes, 1) };
}

function g2(bytes: Buffer): G2Point {
  return {
    xReal: coordinate(bytes, 0),
    xImaginary: coordinate(bytes, 1),
    yReal: coordinate(bytes, 2),
    yImaginary: coordinate(bytes, 3),
  };
}

function coordinate(bytes: Buffer, index: number): bigint {
  const stored = fromLittleEndian(bytes.subarray(index * 32, index * 32 + 32));
  // Else one point could be written in two ways.
  if (stored >= FIELD_ORDER) throw new BadPointError("a point of the key", "a coordinate is out of range");
  return (stored * FROM_MONTGOMERY) % FIELD_ORDER;
}

function word(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}

function hex(bytes: Buffer): Hex {
  return `0x${bytes.toString("hex")}`;
}

function power(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const root = power((base * base) % FIELD_ORDER, exponent / 2n);
  return exponent % 2n === 0n ? root : (root * base) % FIELD_ORDER;
}

/** Takes bytes one after the other, and never more than there are. */
class Reader {
  readonly file: string;
  readonly #bytes: Buffer;
  #position = 0;

  constructor(file: string, bytes: Buffer) {
    this.file = file;
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new MalformedFileError(this.file, "zkey", "a section is too short");
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  number(): number {
    return this.take(4).readUInt32LE();
  }

  end(): void {
    if (!this.isAtEnd) throw new MalformedFileError(this.file, "zkey", "a section is too long");
  }
}
