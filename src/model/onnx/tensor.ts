import { OnnxError } from "./error.ts";
import { ELEMENT, EXTERNAL } from "./schema.ts";
import type { TensorProto } from "./schema.ts";
import type { Constant, Texts } from "./value.ts";

/** A tensor that a file holds. */
export function readTensor(tensor: TensorProto, name: string): Constant | Texts {
  if (tensor.dataLocation === EXTERNAL || (tensor.externalData ?? []).length > 0) throw new ExternalDataError(name);
  const shape = tensor.dims ?? [];
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (shape.some((dimension) => dimension < 0)) throw new BadTensorError(name, `its shape is [${shape.join(", ")}]`);

  const type = tensor.dataType ?? 0;
  const checkCount = (count: number): void => {
    if (count !== size) throw new BadTensorError(name, `its shape wants ${size} elements, and it has ${count}`);
  };
  if (type === ELEMENT.string) {
    const texts = (tensor.stringData ?? []).map(textOf);
    checkCount(texts.length);
    return { kind: "texts", shape, texts };
  }
  const format = FORMATS.get(type);
  if (format === undefined) throw new BadTensorError(name, `elements of type number ${type} are not supported`);

  const raw = tensor.rawData;
  const values = raw === undefined ? Float64Array.from(format.typed(tensor)) : readRaw(raw, format, name);
  checkCount(values.length);
  requireFinite(values, name);
  return { kind: "constant", type, shape, values };
}

/** Refuses NaN and infinities. */
export function requireFinite(values: ArrayLike<number>, name: string): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (!Number.isFinite(value)) throw new NotFiniteError(name, index, value);
  }
}

/** Bytes as ONNX writes strings. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

type Format = {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  readonly typed: (tensor: TensorProto) => readonly number[];
};

const floats = (tensor: TensorProto) => tensor.floatData ?? [];
const doubles = (tensor: TensorProto) => tensor.doubleData ?? [];
const ints = (tensor: TensorProto) => tensor.int32Data ?? [];
const longs = (tensor: TensorProto) => tensor.int64Data ?? [];
const unsignedLongs = (tensor: TensorProto) => tensor.uint64Data ?? [];

const FORMATS: ReadonlyMap<number, Format> = new Map<number, Format>([
  [ELEMENT.float, { bytes: 4, read: (view, at) => view.getFloat32(at, true), typed: floats }],
  [ELEMENT.double, { bytes: 8, read: (view, at) => view.getFloat64(at, true), typed: doubles }],
  [ELEMENT.uint8, { bytes: 1, read: (view, at) => view.getUint8(at), typed: ints }],
  [ELEMENT.bool, { bytes: 1, read: (view, at) => view.getUint8(at), typed: ints }],
  [ELEMENT.int8, { bytes: 1, read: (view, at) => view.getInt8(at), typed: ints }],
  [ELEMENT.uint16, { bytes: 2, read: (view, at) => view.getUint16(at, true), typed: ints }],
  [ELEMENT.int16, { bytes: 2, read: (view, at) => view.getInt16(at, true), typed: ints }],
  [ELEMENT.int32, { bytes: 4, read: (view, at) => view.getInt32(at, true), typed: ints }],
  [ELEMENT.uint32, { bytes: 4, read: (view, at) => view.getUint32(at, true), typed: unsignedLongs }],
  [ELEMENT.int64, { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)), typed: longs }],
  [ELEMENT.uint64, { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)), typed: unsignedLongs }],
  // Typed data of these two are their bits.
  [
    ELEMENT.float16,
    { bytes: 2, read: (view, at) => halfOf(view.getUint16(at, true)), typed: (t) => ints(t).map(halfOf) },
  ],
  [
    ELEMENT.bfloat16,
    { bytes: 2, read: (view, at) => brainOf(view.getUint16(at, true)), typed: (t) => ints(t).map(brainOf) },
  ],
]);

function readRaw(raw: Uint8Array, { bytes, read }: Format, name: string): Float64Array {
  if (raw.length % bytes !== 0) {
    throw new BadTensorError(name, `its ${raw.length} bytes are no multiple of the ${bytes} of an element`);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Float64Array.from({ length: raw.length / bytes }, (_, index) => read(view, index * bytes));
}

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of a binary32. */
function brainOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

/** A tensor whose data is in another file. */
export class ExternalDataError extends OnnxError {
  override readonly name = "ExternalDataError";
  constructor(tensor: string) {
    super(
      `The data of tensor "${tensor}" is in another file. Save the model as one file: ` +
        "onnx.save(onnx.load(path), path, save_as_external_data=False).",
    );
  }
}

/** A weight that is no number. */
export class NotFiniteError extends OnnxError {
  override readonly name = "NotFiniteError";
  constructor(tensor: string, index: number, value: number) {
    super(`Element ${index} of tensor "${tensor}" is ${value}. All weights must be finite: train the model again.`);
  }
}

/** A tensor that contradicts itself, or is of a type that is not supported. */
export class BadTensorError extends OnnxError {
  override readonly name = "BadTensorError";
  constructor(tensor: string, reason: string) {
    super(`Tensor "${tensor}" cannot be read: ${reason}. Export the model again with float32 weights.`);
  }
}
