/** Small ONNX models for tests, and the runtime that they are compared with. */
import { expect } from "chai";
import { env, InferenceSession, Tensor } from "onnxruntime-web";

import { evaluate } from "../../src/model/float.ts";
import { encodeModel } from "../../src/model/onnx/file.ts";
import { importOnnx } from "../../src/model/onnx/import.ts";
import type { ImportOptions } from "../../src/model/onnx/import.ts";
import { ATTRIBUTE, ELEMENT } from "../../src/model/onnx/schema.ts";
import type {
  AttributeProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from "../../src/model/onnx/schema.ts";
import { seededRandom } from "./random.ts";

// One thread needs no worker, which would keep the process alive.
env.wasm.numThreads = 1;
env.logLevel = "error";

/** Attributes by name: whole numbers are integers, and `float(1)` is not. */
export type Attributes = Readonly<Record<string, AttributeValue>>;
export type AttributeValue = number | string | TensorProto | readonly number[] | readonly string[] | Floats;

type Floats = { readonly float: number } | { readonly floats: readonly number[] };
export const float = (value: number): Floats => ({ float: value });
export const floats = (values: Iterable<number>): Floats => ({ floats: [...values] });

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Attributes = {},
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
  return { opType, input, output, name: `${opType}_${output[0] ?? ""}`, attribute };
}

/** A node of `ai.onnx.ml`. */
export function classical(...parts: Parameters<typeof node>): NodeProto {
  return { ...node(...parts), domain: "ai.onnx.ml" };
}

function attributeOf(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE.int, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE.string, s: bytesOf(value) };
  if (isList(value)) {
    return value.some((element) => typeof element === "string")
      ? { name, type: ATTRIBUTE.strings, strings: value.map((element) => bytesOf(String(element))) }
      : { name, type: ATTRIBUTE.ints, ints: value.map(Number) };
  }
  if ("float" in value) return { name, type: ATTRIBUTE.float, f: value.float };
  if ("floats" in value) return { name, type: ATTRIBUTE.floats, floats: value.floats };
  return { name, type: ATTRIBUTE.tensor, t: value };
}

const isList = (value: AttributeValue): value is readonly number[] | readonly string[] => Array.isArray(value);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export function tensor(name: string, dims: readonly number[], floatData: Iterable<number>): TensorProto {
  return { name, dims, dataType: ELEMENT.float, floatData: [...floatData] };
}

export function integers(name: string, int64Data: readonly number[], dims = [int64Data.length]): TensorProto {
  return { name, dims, dataType: ELEMENT.int64, int64Data };
}

/** An open dimension is a name. */
export function info(
  name: string,
  dims: readonly (number | string)[],
  elemType: number = ELEMENT.float,
): ValueInfoProto {
  const dim = dims.map((each) => (typeof each === "number" ? { dimValue: each } : { dimParam: each }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

export type TestModel = {
  readonly opset?: number;
  readonly classicalOpset?: number;
  readonly inputs: readonly ValueInfoProto[];
  readonly weights?: readonly TensorProto[];
  readonly nodes: readonly NodeProto[];
  /** By name. Runtimes infer their types. */
  readonly outputs: readonly string[];
};

/** Declares the opset of `ai.onnx.ml` where it is stated or used. */
export function modelOf(model: TestModel): ModelProto {
  const { opset = 17, inputs, weights = [], nodes, outputs } = model;
  const usesClassical = nodes.some(({ domain }) => domain === "ai.onnx.ml");
  const classicalOpset = model.classicalOpset ?? (usesClassical ? 3 : undefined);
  return {
    irVersion: 8,
    producerName: "test",
    opsetImport: [
      { domain: "", version: opset },
      ...(classicalOpset === undefined ? [] : [{ domain: "ai.onnx.ml", version: classicalOpset }]),
    ],
    graph: {
      name: "test",
      input: inputs,
      initializer: weights,
      node: nodes,
      output: outputs.map((name) => ({ name })),
    },
  };
}

export const bytesOfModel = (model: TestModel): Uint8Array => encodeModel(modelOf(model));

/** Numbers from -2 to 2 that float32 holds exactly, and few enough for ties to happen. */
export function randomNumbers(seed: number, count: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => (random.below(257) - 128) / 64);
}

/** What an output holds: numbers, or labels. */
export type Answer = readonly (number | string)[];

/** The outputs of a model by import and evaluation. */
export function imported(bytes: Uint8Array, input: ArrayLike<number>, options?: ImportOptions): Answer[] {
  const graph = importOnnx(bytes, options);
  const tensors = evaluate(graph, Float64Array.from(input));
  return graph.outputs.map(({ tensor: name, labels }) =>
    Array.from(tensors.get(name) ?? [], (value) => (labels === undefined ? value : (labels[value] ?? "no label"))),
  );
}

/** What importing a model throws, to be asserted. */
export function refusalOf(model: TestModel, options?: ImportOptions): Chai.Assertion {
  const bytes = bytesOfModel(model);
  return expect(() => importOnnx(bytes, options));
}

/** Opens a model in the reference runtime. */
export async function openReference(bytes: Uint8Array) {
  // Unoptimised, it calculates what the file says.
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", logSeverityLevel: 4 });
  return {
    run: async (inputs: Readonly<Record<string, Tensor>>): Promise<Answer[]> => {
      const answers = await session.run(inputs);
      return session.outputNames.map((name) =>
        Array.from((answers[name] as Tensor).data as ArrayLike<number | bigint | string>, plain),
      );
    },
    close: () => session.release(),
  };
}

const plain = (element: number | bigint | string): number | string =>
  typeof element === "bigint" ? Number(element) : element;

export type Agreement = {
  readonly options?: ImportOptions;
  /** What goes in, besides random numbers. */
  readonly samples?: readonly (readonly number[])[];
};

const RANDOM_CASES = 6;

/** Expects that import and reference give the same outputs. */
export async function expectAgreement(model: TestModel, { options, samples = [] }: Agreement = {}): Promise<void> {
  const bytes = bytesOfModel(model);
  const inputs = model.inputs.map(({ name = "", type }) => {
    const declared = type?.tensorType?.shape?.dim?.map(({ dimValue }) => dimValue ?? 1) ?? [];
    const shape = options?.shapes?.[name] ?? declared;
    return { name, shape, type: type?.tensorType?.elemType, size: shape.reduce((size, length) => size * length, 1) };
  });
  const size = inputs.reduce((sum, input) => sum + input.size, 0);
  const random = Array.from({ length: RANDOM_CASES }, (_, seed) => Array.from(randomNumbers(seed, size)));
  const session = await openReference(bytes);
  try {
    for (const numbers of [...random, ...samples]) {
      let start = 0;
      const parts = inputs.map((input) => {
        const part = numbers.slice(start, start + input.size);
        start += input.size;
        return [input.name, elementsOf(part, input.shape, input.type)] as const;
      });
      const given = parts.flatMap(([, element]) => Array.from(element.data as ArrayLike<number | bigint>, Number));
      expectSame(imported(bytes, given, options), await session.run(Object.fromEntries(parts)));
    }
  } finally {
    await session.close();
  }
}

function elementsOf(numbers: readonly number[], shape: readonly number[], type: number | undefined): Tensor {
  const whole = numbers.map((number) => Math.round(number * 8));
  if (type === ELEMENT.double) return new Tensor("float64", Float64Array.from(numbers), shape);
  if (type === ELEMENT.int64) return new Tensor("int64", BigInt64Array.from(whole, BigInt), shape);
  if (type === ELEMENT.int32) return new Tensor("int32", Int32Array.from(whole), shape);
  return new Tensor("float32", Float32Array.from(numbers), shape);
}

/** Labels are equal; numbers differ by no more than float32 rounds. */
export function expectSame(actual: readonly Answer[], expected: readonly Answer[]): void {
  expect(actual.map((answer) => answer.length)).to.deep.equal(expected.map((answer) => answer.length));
  actual.forEach((answer, output) =>
    answer.forEach((element, index) => {
      const reference = expected[output]?.[index];
      if (typeof element === "string" || typeof reference === "string" || reference === undefined) {
        expect(element).to.equal(reference);
      } else {
        expect(element).to.be.closeTo(reference, TOLERANCE * Math.max(1, Math.abs(reference)));
      }
    }),
  );
}

const TOLERANCE = 1e-4;
