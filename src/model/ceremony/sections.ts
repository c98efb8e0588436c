/**
 * The container that circuits, keys and phase 1s share: a magic word, a version, then numbered sections. Only the
 * sections that are asked for are read, for a large key is gigabytes of points.
 */
import { open } from "node:fs/promises";

import { describe } from "../../protocol/describe.ts";

/** A file's sections by number. */
export type Sections = ReadonlyMap<number, Buffer>;

export type FileKind = "r1cs" | "zkey";

type Read = (position: number, length: number) => Promise<Buffer> | Buffer;

const HEAD_BYTES = 12;
const SECTION_HEAD_BYTES = 12;
/** The formats have ten sections at most; more is no file of theirs. */
const MAX_SECTIONS = 64;

/** Reads some sections of a file, or of its bytes. */
export async function readSections(
  file: string | Uint8Array,
  kind: FileKind,
  wanted: readonly number[],
): Promise<Sections> {
  if (typeof file !== "string") {
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    const read: Read = (position, length) => bytes.subarray(position, position + length);
    return walk("The file", kind, bytes.length, read, wanted);
  }
  const handle = await open(file);
  try {
    const read: Read = async (position, length) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    return await walk(file, kind, (await handle.stat()).size, read, wanted);
  } finally {
    await handle.close();
  }
}

/** The number that bytes are, lowest first. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
}

async function walk(
  name: string,
  kind: FileKind,
  size: number,
  read: Read,
  wanted: readonly number[],
): Promise<Sections> {
  const head = await read(0, HEAD_BYTES);
  if (head.length < HEAD_BYTES || head.toString("latin1", 0, 4) !== kind) {
    throw new MalformedFileError(name, kind, `it begins with ${describe(head.toString("latin1", 0, 4))}`);
  }
  if (head.readUInt32LE(4) !== 1) throw new MalformedFileError(name, kind, `its version is ${head.readUInt32LE(4)}`);
  const count = head.readUInt32LE(8);
  if (count > MAX_SECTIONS) throw new MalformedFileError(name, kind, `it claims ${count} sections`);

  const sections = new Map<number, Buffer>();
  const seen = new Set<number>();
  let position = HEAD_BYTES;
  for (let index = 0; index < count; index++) {
    const sectionHead = await read(position, SECTION_HEAD_BYTES);
    position += SECTION_HEAD_BYTES;
    if (position > size) throw new MalformedFileError(name, kind, "it is cut off");
    const id = sectionHead.readUInt32LE(0);
    const length = Number(sectionHead.readBigUInt64LE(4));
    if (position + length > size) throw new MalformedFileError(name, kind, "it is cut off");
    // A reader that takes the first of two and one that takes the last would see different files.
    if (seen.has(id)) throw new MalformedFileError(name, kind, `it has section ${id} twice`);
    seen.add(id);
    if (wanted.includes(id)) sections.set(id, await read(position, length));
    position += length;
  }
  if (position !== size) throw new MalformedFileError(name, kind, `${size - position} bytes follow its last section`);
  for (const id of wanted) {
    if (!sections.has(id)) throw new MalformedFileError(name, kind, `it has no section ${id}`);
  }
  return sections;
}

/** A file is not what its kind should be, or is damaged. */
export class MalformedFileError extends Error {
  override readonly name = "MalformedFileError";
  readonly file: string;
  readonly kind: FileKind;

  constructor(file: string, kind: FileKind, reason: string) {
    super(`${file} is not a whole ${kind} file: ${reason}. Fetch or build it again.`);
    this.file = file;
    this.kind = kind;
  }
}
