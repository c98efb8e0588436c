/** From an ONNX file to a graph. */
import { evaluate } from "../float.ts";
import { INPUT } from "../graph.ts";
import type { Graph, GraphOutput } from "../graph.ts";
import { newGraphBuilder } from "./builder.ts";
import type { GraphBuilder } from "./builder.ts";
import { OnnxError } from "./error.ts";
import { CorruptFileError, decodeModel } from "./file.ts";
import type { ModelFile } from "./file.ts";
import { inputsOf, inputValues } from "./inputs.ts";
import type { Shapes } from "./inputs.ts";
import { calculate } from "./known.ts";
import { BadNodeError, describe, UnsupportedOperatorError } from "./node.ts";
import type { OnnxNode } from "./node.ts";
import { operatorOf, supportedNames } from "./operators.ts";
import { opsetOf } from "./opset.ts";
import type { NodeProto } from "./schema.ts";
import { poolFirst } from "./pool-first.ts";
import { simplify } from "./simplify.ts";
import { readTensor } from "./tensor.ts";
import { sizeOf } from "./value.ts";
import type { Constant, Value } from "./value.ts";

export type ImportOptions = {
  /** Shapes of inputs that the file leaves open, each with its batch. */
  readonly shapes?: Shapes;
};

/**
 * Reads a model. What is constant is calculated, what only moves elements becomes gathers, and what no output needs is
 * left out.
 *
 * @example
 * const graph = importOnnx(await readFile("model.onnx"), { shapes: { x: [1, 4] } });
 */
export function importOnnx(bytes: Uint8Array, { shapes = {} }: ImportOptions = {}): Graph {
  const model = decodeModel(bytes);
  const inputs = inputsOf(model.graph, shapes);
  const inputSize = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const builder = newGraphBuilder(inputSize);

  const values = initialValues(model);
  inputValues(builder, inputs).forEach((value, index) => values.set(inputs[index]?.name ?? "", value));
  for (const proto of model.graph.node ?? []) {
    const node = resolve(model, proto, values);
    builder.begin(node.outputs[0] ?? node.name, describe(node));
    const results = lower(node, builder);
    results.forEach((value, index) => {
      const name = node.outputs[index] ?? "";
      if (name === "") return;
      if (values.has(name)) throw new BadNodeError(node, `its output "${name}" has the name of something else`);
      values.set(name, value);
    });
  }
  return poolFirst(simplify({ inputSize, nodes: builder.nodes, outputs: outputsOf(model, values) }));
}

function initialValues({ graph }: ModelFile): Map<string, Value> {
  const [sparse] = graph.sparseInitializer ?? [];
  if (sparse !== undefined) throw new SparseTensorError(sparse.values?.name ?? "");
  return new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? "", readTensor(tensor, tensor.name ?? "")]));
}

function resolve(model: ModelFile, proto: NodeProto, values: ReadonlyMap<string, Value>): OnnxNode {
  const outputs = proto.output ?? [];
  const operator = proto.opType ?? "";
  const name = proto.name === undefined || proto.name === "" ? (outputs[0] ?? "") : proto.name;
  const { domain, version } = opsetOf(model, proto.domain ?? "", describe({ operator, name }));
  const inputs = (proto.input ?? []).map((input) => {
    const value = values.get(input);
    // An input without a name is left out.
    if (value === undefined && input !== "") {
      throw new BadNodeError({ operator, name }, `nothing before it gives its input "${input}"`);
    }
    return value;
  });
  const attributes = new Map((proto.attribute ?? []).map((attribute) => [attribute.name ?? "", attribute]));
  return { name, operator, domain, opset: version, inputs, outputs, attributes };
}

function lower(node: OnnxNode, builder: GraphBuilder): readonly Value[] {
  const known = operatorOf(node.domain, node.operator);
  const calculated = calculate(node);
  if (calculated !== undefined) return [calculated];
  if (known === undefined) {
    const supported = supportedNames(node.domain).join(", ");
    throw new UnsupportedOperatorError(node, `supported operators of this domain are ${supported}`);
  }
  const [first] = node.inputs;
  const allConstant = node.inputs.every((input) => input === undefined || input.kind === "constant");
  if (known.calculates && allConstant && first?.kind === "constant") return fold(node, first);
  return listOf(known.operator(node, builder)).map((value) => {
    if (sizeOf(value.shape) === 0 && value.kind === "dynamic") {
      throw new UnsupportedOperatorError(node, "its result is empty");
    }
    return value;
  });
}

/** Calculates a node of constants: as a graph of its own, which takes the first one as its input. */
function fold(node: OnnxNode, first: Constant): Value[] {
  const size = sizeOf(first.shape);
  if (size === 0) throw new UnsupportedOperatorError(node, "its input is empty");
  const builder = newGraphBuilder(size);
  builder.begin(node.name, describe(node));
  const input = { kind: "dynamic", type: first.type, shape: first.shape, tensor: INPUT } as const;
  const results = lower({ ...node, inputs: [input, ...node.inputs.slice(1)] }, builder);
  const tensors = evaluate({ inputSize: size, nodes: builder.nodes, outputs: [] }, first.values);
  return results.map((value) => {
    if (value.kind !== "dynamic") return value;
    const values = tensors.get(value.tensor);
    if (values === undefined) throw new BadNodeError(node, "it gives nothing");
    return { kind: "constant", type: value.type, shape: value.shape, values };
  });
}

const listOf = (result: Value | readonly Value[]): readonly Value[] =>
  Array.isArray(result) ? (result as readonly Value[]) : [result as Value];

function outputsOf({ graph }: ModelFile, values: ReadonlyMap<string, Value>): GraphOutput[] {
  const outputs = (graph.output ?? []).map(({ name = "" }) => {
    const value = values.get(name);
    if (value === undefined) throw new CorruptFileError(`nothing gives its output "${name}"`);
    if (value.kind !== "dynamic") throw new ConstantOutputError(name);
    const { tensor, labels } = value;
    return labels === undefined ? { name, tensor } : { name, tensor, labels };
  });
  if (outputs.length === 0) throw new CorruptFileError("its graph has no outputs");
  return outputs;
}

/** An output that is the same for all inputs. */
export class ConstantOutputError extends OnnxError {
  override readonly name = "ConstantOutputError";
  constructor(output: string) {
    super(`Output "${output}" does not depend on the model's inputs. Export the model without it.`);
  }
}

/** Weights of which only some elements are stored. */
export class SparseTensorError extends OnnxError {
  override readonly name = "SparseTensorError";
  constructor(tensor: string) {
    super(`Tensor "${tensor}" is sparse, which is not supported. Export the model with dense weights.`);
  }
}
