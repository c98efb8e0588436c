import { OnnxError } from "./error.ts";
import { MODEL } from "./schema.ts";
import type { GraphProto, ModelProto } from "./schema.ts";

/** A model's file, with the graph that it must have. */
export type ModelFile = ModelProto & { readonly graph: GraphProto };

/** Reads the bytes of a file. */
export function decodeModel(bytes: Uint8Array): ModelFile {
  const model = parse(bytes);
  const { graph } = model;
  if (graph === undefined) throw new CorruptFileError("it has no graph");
  return { ...model, graph };
}

/** Writes a model as the bytes of a file. */
export function encodeModel(model: ModelProto): Uint8Array {
  return MODEL.encode(MODEL.fromObject(model)).finish();
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return MODEL.toObject(MODEL.decode(bytes), { longs: Number });
  } catch (cause) {
    throw new CorruptFileError(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** A file that is not an ONNX model, or not a whole one. */
export class CorruptFileError extends OnnxError {
  override readonly name = "CorruptFileError";
  constructor(reason: string, cause?: unknown) {
    super(`This is not a whole ONNX file: ${reason}. Export the model again, or copy the file again.`, { cause });
  }
}
