/** Writes NumPy's archives: arrays of bytes, packed. The same zlib gives the same file. */
import { crc32, deflateRawSync } from "node:zlib";

/** An array of small whole numbers, the last dimension running fastest. */
export type ByteArray = { readonly shape: readonly number[]; readonly data: Uint8Array };

/** A zip file's numbers, by the sections of PKWARE's APPNOTE that they stand in. */
const LOCAL_HEADER = 0x04034b50; // 4.3.7
const CENTRAL_HEADER = 0x02014b50; // 4.3.12
const END = 0x06054b50; // 4.3.16
const VERSION = 20;
const DEFLATED = 8;
/** The first of January 1980, at midnight: a file tells nothing of when it was made. */
const EPOCH = (1 << 5) | 1;

/** The archive of arrays with these names. */
export function writeNpz(arrays: Readonly<Record<string, ByteArray>>): Uint8Array {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [key, array] of Object.entries(arrays)) {
    const name = Buffer.from(`${key}.npy`);
    const content = npyOf(array);
    const packed = deflateRawSync(content, { level: 9 });
    const about = aboutOf(name, content, packed);
    const file = Buffer.concat([words32(LOCAL_HEADER), about, name, packed]);
    // No comment, first disk, no attributes; then where the file starts.
    const place = Buffer.concat([Buffer.alloc(10), words32(at)]);
    directory.push(Buffer.concat([words32(CENTRAL_HEADER), words16(VERSION), about, place, name]));
    files.push(file);
    at += file.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const counts = words16(0, 0, files.length, files.length);
  return Buffer.concat([...files, ...directory, words32(END), counts, words32(size, at), words16(0)]);
}

/** What a file's own head and its entry in the directory both say. */
function aboutOf(name: Buffer, content: Buffer, packed: Buffer): Buffer {
  const sizes = words32(crc32(content), packed.length, content.length);
  return Buffer.concat([words16(VERSION, 0, DEFLATED, 0, EPOCH), sizes, words16(name.length, 0)]);
}

/** Version 1.0 of NumPy's format: the head is padded so that numbers start at a multiple of 64. */
function npyOf({ shape, data }: ByteArray): Buffer {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const before = 10;
  const padding = 64 - ((before + text.length + 1) % 64);
  const head = `${text}${" ".repeat(padding)}\n`;
  return Buffer.concat([Buffer.from("\u0093NUMPY\u0001\0", "latin1"), words16(head.length), Buffer.from(head), data]);
}

function words16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, 2 * index);
  return bytes;
}

function words32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}
