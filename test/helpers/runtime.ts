/** The reference: ONNX Runtime, which others run their models with. */
import { InferenceSession, Tensor } from "onnxruntime-web";

/** What a model's first output says for each row: a list of scores or numbers, or a label. */
export async function runtimeAnswers(
  model: Uint8Array,
  rows: readonly (readonly number[])[],
): Promise<(string | number[])[]> {
  const session = await InferenceSession.create(new Uint8Array(model));
  const [input] = session.inputMetadata;
  if (input === undefined || !input.isTensor) throw new TypeError("the model has no tensor as its input");
  const shape = [rows.length, ...input.shape.slice(1).map(Number)];
  const results = await session.run({ [input.name]: new Tensor("float32", Float32Array.from(rows.flat()), shape) });
  const [name = ""] = session.outputNames;
  const data = Array.from((results[name] as Tensor).data as ArrayLike<string | number>);
  const width = data.length / rows.length;
  return rows.map((_, row) => {
    const [first = ""] = data.slice(row * width, row * width + 1);
    return typeof first === "string" ? first : data.slice(row * width, (row + 1) * width).map(Number);
  });
}
