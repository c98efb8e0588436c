import { INPUT } from "../graph.ts";
import type { GraphBuilder } from "./builder.ts";
import { gather } from "./emit.ts";
import { OnnxError } from "./error.ts";
import { ELEMENT } from "./schema.ts";
import type { GraphProto, ValueInfoProto } from "./schema.ts";
import { sizeOf } from "./value.ts";
import type { Dynamic, Shape } from "./value.ts";

/** An input of the model, with its shape settled. */
export type Input = { readonly name: string; readonly type: number; readonly shape: Shape };

/** Shapes by the input's name, each with its batch. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** What goes into a model: all that no initializer gives. */
export function inputsOf(graph: GraphProto, shapes: Shapes): Input[] {
  const given = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !given.has(name));
  const names = inputs.map(({ name }) => name ?? "");
  const strange = Object.keys(shapes).find((name) => !names.includes(name));
  if (strange !== undefined) throw new UnknownInputError(strange, names);
  if (inputs.length === 0) throw new UnsupportedInputError("", "the model has none");
  return inputs.map((input) => settle(input, shapes));
}

/** Each input as a part of the tensor that holds them all. */
export function inputValues(builder: GraphBuilder, inputs: readonly Input[]): Dynamic[] {
  let start = 0;
  return inputs.map(({ name, type, shape }) => {
    const first = start;
    const size = sizeOf(shape);
    start += size;
    builder.begin(name, `input "${name}"`);
    const indices = Int32Array.from({ length: size }, (_, index) => first + index);
    return { kind: "dynamic", type, shape, tensor: gather(builder, [INPUT], indices) };
  });
}

/** A first dimension without a number is the batch. */
function settle({ name = "", type }: ValueInfoProto, shapes: Shapes): Input {
  const tensor = type?.tensorType;
  if (tensor === undefined) throw new UnsupportedInputError(name, "it is no tensor");
  const element = tensor.elemType ?? 0;
  if (!NUMERIC.has(element)) throw new UnsupportedInputError(name, `its elements are of type number ${element}`);

  // Some exporters write -1 or 0 for an open dimension.
  const declared = tensor.shape?.dim?.map(({ dimValue = 0 }) => (dimValue > 0 ? dimValue : undefined));
  const fixed = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (fixed !== undefined) {
    const contradicts =
      fixed.some((dimension) => !Number.isInteger(dimension) || dimension < 1) ||
      (declared !== undefined &&
        (declared.length !== fixed.length ||
          declared.some((dimension, axis) => dimension !== undefined && dimension !== fixed[axis])));
    if (contradicts) throw new WrongShapeError(name, declared, fixed);
    return { name, type: element, shape: fixed };
  }
  const shape = declared?.map((dimension, axis) => (axis === 0 ? (dimension ?? 1) : dimension));
  const settled = shape?.filter((dimension) => dimension !== undefined);
  if (settled === undefined || settled.length !== shape?.length) throw new DynamicShapeError(name, declared);
  sizeOf(settled);
  return { name, type: element, shape: settled };
}

const NUMERIC: ReadonlySet<number> = new Set(
  Object.values(ELEMENT).filter((type) => type !== ELEMENT.string && type !== ELEMENT.bool),
);

type Declared = readonly (number | undefined)[] | undefined;

const written = (shape: Declared): string =>
  shape === undefined ? "no shape" : `shape [${shape.map((dimension) => dimension ?? "?").join(", ")}]`;

/** An input whose size nothing fixes. */
export class DynamicShapeError extends OnnxError {
  override readonly name = "DynamicShapeError";
  readonly input: string;

  constructor(input: string, declared: Declared) {
    super(
      `Input "${input}" has ${written(declared)}: only the first dimension, the batch, may be open. ` +
        `Fix it by the option shapes, such as { "${input}": [1, 4] }, or export the model with fixed shapes.`,
    );
    this.input = input;
  }
}

/** A shape by option that is not the input's. */
export class WrongShapeError extends OnnxError {
  override readonly name = "WrongShapeError";
  constructor(input: string, declared: Declared, given: readonly number[]) {
    super(`Input "${input}" has ${written(declared)}, which [${given.join(", ")}] does not fix.`);
  }
}

/** A shape by option for an input that is not there. */
export class UnknownInputError extends OnnxError {
  override readonly name = "UnknownInputError";
  constructor(input: string, names: readonly string[]) {
    super(`The model has no input "${input}"; its inputs are ${names.map((name) => `"${name}"`).join(", ")}.`);
  }
}

/** An input that is not numbers. */
export class UnsupportedInputError extends OnnxError {
  override readonly name = "UnsupportedInputError";
  constructor(input: string, reason: string) {
    super(`Input "${input}" is not supported: ${reason}. Inputs must be tensors of numbers.`);
  }
}
