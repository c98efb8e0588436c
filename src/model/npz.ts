/** NumPy's archives: a zip of arrays, each a short text about its type and shape before its numbers. */
import { inflateRawSync } from "node:zlib";

export type NumpyArray = { readonly shape: readonly number[]; readonly data: Float64Array };

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const MAGIC = "\u0093NUMPY";

/** The arrays of an archive by name, without their `.npy`. */
export function readNpz(file: Uint8Array): Map<string, NumpyArray> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const arrays = new Map<string, NumpyArray>();
  try {
    for (const { name, method, start, size } of entriesOf(view)) {
      const packed = file.subarray(start, start + size);
      const content = method === 0 ? packed : inflateRawSync(packed);
      arrays.set(name.replace(/\.npy$/, ""), readNpy(content));
    }
  } catch (cause) {
    if (cause instanceof NumpyFormatError) throw cause;
    throw new NumpyFormatError("it is cut short or damaged", { cause });
  }
  return arrays;
}

type Entry = { readonly name: string; readonly method: number; readonly start: number; readonly size: number };

/** From the directory at the end, since what stands before each file may leave out its size. */
function entriesOf(view: DataView): Entry[] {
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new NumpyFormatError("it is no zip archive");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  return Array.from({ length: count }, () => {
    if (view.getUint32(at, true) !== CENTRAL_HEADER) throw new NumpyFormatError("its directory is damaged");
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength));
    const local = view.getUint32(at + 42, true);
    if (view.getUint32(local, true) !== LOCAL_HEADER) throw new NumpyFormatError(`its file ${name} is damaged`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const entry = { name, method: view.getUint16(at + 10, true), start, size: view.getUint32(at + 20, true) };
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    return entry;
  });
}

const READERS: Readonly<Record<string, readonly [bytes: number, read: (view: DataView, at: number) => number]>> = {
  "<f8": [8, (view, at) => view.getFloat64(at, true)],
  "<f4": [4, (view, at) => view.getFloat32(at, true)],
  "<i8": [8, (view, at) => Number(view.getBigInt64(at, true))],
  "<i4": [4, (view, at) => view.getInt32(at, true)],
  "<i2": [2, (view, at) => view.getInt16(at, true)],
  "|i1": [1, (view, at) => view.getInt8(at)],
  "|u1": [1, (view, at) => view.getUint8(at)],
  "<u2": [2, (view, at) => view.getUint16(at, true)],
  "<u4": [4, (view, at) => view.getUint32(at, true)],
};

function readNpy(content: Uint8Array): NumpyArray {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const magic = String.fromCodePoint(...content.subarray(0, 6));
  if (magic !== MAGIC) throw new NumpyFormatError("it holds something that is no array");
  const isOld = content[6] === 1;
  const start = isOld ? 10 : 12;
  const length = isOld ? view.getUint16(8, true) : view.getUint32(8, true);
  const head = new TextDecoder().decode(content.subarray(start, start + length));
  const type = /'descr':\s*'([^']+)'/.exec(head)?.[1] ?? "";
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(head)?.[1] ?? "")
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
  const reader = READERS[type];
  if (reader === undefined) throw new NumpyFormatError(`its numbers are of type "${type}"; store float32 or float64`);
  const isTurned = /'fortran_order':\s*True/.test(head);
  if (isTurned) throw new NumpyFormatError("its rows are in Fortran's order; store them in C's");
  const [bytes, read] = reader;
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float64Array.from({ length: count }, (_, index) => read(view, start + length + index * bytes));
  return { shape, data };
}

/** An archive cannot be read. */
export class NumpyFormatError extends Error {
  override readonly name = "NumpyFormatError";

  constructor(reason: string, options?: ErrorOptions) {
    super(
      `This is no npz archive that can be read: ${reason}. Write it with numpy.savez(file, x=rows, y=answers).`,
      options,
    );
  }
}
