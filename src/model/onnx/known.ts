/** Operators whose result is known when the file is read: constants, shapes, and calculations with them. */
import {
  BadNodeError,
  constantOf,
  floatAttribute,
  floatsAttribute,
  inputOf,
  intAttribute,
  intsAttribute,
  stringAttribute,
  stringsAttribute,
  tensorAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { ELEMENT } from "./schema.ts";
import { broadcastOf, broadcastIndices, isIntegerType, MAX_ELEMENTS, sizeOf, TensorTooLargeError } from "./value.ts";
import type { Constant, Labels, Shape, Texts, Value } from "./value.ts";

export const KNOWN: Operators = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Size: (node) => integers([sizeOf(inputOf(node, 0).shape)], []),
  Range: range,
  Cast: cast,
};

function constant(node: OnnxNode): Value {
  const [form] = node.attributes.keys();
  const read = form === undefined ? undefined : FORMS[form];
  if (read === undefined) throw new UnsupportedOperatorError(node, `its value has the form ${form ?? "of nothing"}`);
  return read(node);
}

const FORMS: Readonly<Record<string, (node: OnnxNode) => Value>> = {
  value: (node) => tensorAttribute(node, "value") ?? integers([], [0]),
  value_float: (node) => floats([floatAttribute(node, "value_float", 0)], []),
  value_floats: (node) => floats(floatsAttribute(node, "value_floats") ?? []),
  value_int: (node) => integers([intAttribute(node, "value_int", 0)], []),
  value_ints: (node) => integers(intsAttribute(node, "value_ints") ?? []),
  value_string: (node) => texts([stringAttribute(node, "value_string", "")], []),
  value_strings: (node) => texts(stringsAttribute(node, "value_strings") ?? []),
};

const tensorOf = (type: number, list: readonly number[], dimensions: Shape = [list.length]): Constant => ({
  kind: "constant",
  type,
  shape: dimensions,
  values: Float64Array.from(list),
});
const integers = (list: readonly number[], dimensions?: Shape) => tensorOf(ELEMENT.int64, list, dimensions);
const floats = (list: readonly number[], dimensions?: Shape) => tensorOf(ELEMENT.float, list, dimensions);
const texts = (list: readonly string[], dimensions: Shape = [list.length]): Texts => ({
  kind: "texts",
  shape: dimensions,
  texts: list,
});

function constantOfShape(node: OnnxNode): Value {
  const dimensions = Array.from(constantOf(node, 0).values);
  if (dimensions.some((dimension) => dimension < 0)) {
    throw new BadNodeError(node, `its shape is [${dimensions.join(", ")}]`);
  }
  const fill = tensorAttribute(node, "value") ?? floats([0]);
  if (fill.kind === "texts") throw new UnsupportedOperatorError(node, "it fills with strings");
  const values = new Float64Array(sizeOf(dimensions)).fill(fill.values[0] ?? 0);
  return { kind: "constant", type: fill.type, shape: dimensions, values };
}

/** From opset 15 on it may leave dimensions out at either end. */
function shape(node: OnnxNode): Value {
  const dimensions = inputOf(node, 0).shape;
  const end = intAttribute(node, "end", dimensions.length);
  return integers(dimensions.slice(intAttribute(node, "start", 0), end));
}

function range(node: OnnxNode): Value {
  const ends = [0, 1, 2].map((index) => constantOf(node, index));
  const [start = 0, limit = 0, step = 0] = ends.map(({ values }) => values[0]);
  if (step === 0) throw new BadNodeError(node, "its step is 0");
  const length = Math.max(Math.ceil((limit - start) / step), 0);
  if (length > MAX_ELEMENTS) throw new TensorTooLargeError([length]);
  const type = ends[0]?.type ?? ELEMENT.int64;
  return tensorOf(
    type,
    Array.from({ length }, (_, index) => start + index * step),
  );
}

/** What depends on the input keeps its values; what a conversion would change must be constant. */
function cast(node: OnnxNode): Value {
  const value = inputOf(node, 0);
  const type = intAttribute(node, "to", ELEMENT.float);
  if (value.kind === "texts") throw new UnsupportedOperatorError(node, "it converts strings");
  if (value.kind === "constant") {
    if (type === ELEMENT.string) throw new UnsupportedOperatorError(node, "it converts numbers to strings");
    return { ...value, type, values: value.values.map((number) => convert(number, type)) };
  }
  if (value.labels !== undefined) return { ...value, type, labels: convertLabels(node, value.labels, type) };
  const keepsValues = type !== ELEMENT.bool && type !== ELEMENT.string;
  if (!keepsValues || (isIntegerType(type) && !isIntegerType(value.type))) {
    throw new UnsupportedOperatorError(node, "it rounds numbers that depend on the model's inputs");
  }
  return { ...value, type };
}

function convert(number: number, type: number): number {
  if (type === ELEMENT.float) return Math.fround(number);
  if (type === ELEMENT.bool) return number === 0 ? 0 : 1;
  return isIntegerType(type) ? Math.trunc(number) : number;
}

function convertLabels(node: OnnxNode, labels: Labels, type: number): Labels {
  if (type === ELEMENT.string) return labels.map(String);
  return labels.map((label) => {
    const number = Number(label);
    if (label === "" || Number.isNaN(number)) throw new UnsupportedOperatorError(node, `label "${label}" is no number`);
    return convert(number, type);
  });
}

/** Calculates with constants, element by element. */
export function calculate(node: OnnxNode): Constant | undefined {
  const step = Object.hasOwn(CALCULATIONS, node.operator) ? CALCULATIONS[node.operator] : undefined;
  const inputs = node.inputs.filter((input) => input?.kind === "constant");
  const [first, second] = inputs;
  if (step === undefined || node.domain !== "" || first === undefined || inputs.length < node.inputs.length) {
    return undefined;
  }
  const common = inputs.reduce<Shape | undefined>((to, input) => to && broadcastOf(to, input.shape), []);
  if (common === undefined) throw new BadNodeError(node, "the shapes of its inputs do not broadcast");
  const places = inputs.map((input) => broadcastIndices(input.shape, common));
  const values = Float64Array.from({ length: sizeOf(common) }, (_, at) =>
    step.apply(
      inputs.map((input, index) => input.values[(places[index] as Int32Array)[at] as number] as number),
      isIntegerType(first.type),
    ),
  );
  if (!values.every(Number.isFinite)) throw new BadNodeError(node, "a constant that it gives is not finite");
  return { kind: "constant", type: step.type ?? (second ?? first).type, shape: common, values };
}

type Calculation = {
  apply(numbers: readonly number[], whole: boolean): number;
  /** Where the result has another type than the last of the first two inputs. */
  readonly type?: number;
};

const of = (apply: (one: number, other: number) => number): Calculation => ({
  apply: ([one = 0, other = 0]) => apply(one, other),
});
const flag = (holds: (one: number, other: number) => boolean): Calculation => ({
  apply: ([one = 0, other = 0]) => (holds(one, other) ? 1 : 0),
  type: ELEMENT.bool,
});

const CALCULATIONS: Readonly<Record<string, Calculation>> = {
  Add: of((one, other) => one + other),
  Sub: of((one, other) => one - other),
  Mul: of((one, other) => one * other),
  Div: { apply: ([one = 0, other = 0], whole) => (whole ? Math.trunc(one / other) : one / other) },
  Pow: of((one, other) => one ** other),
  Neg: of((one) => -one),
  Abs: of(Math.abs),
  Sqrt: of(Math.sqrt),
  Exp: of(Math.exp),
  Reciprocal: of((one) => 1 / one),
  Floor: of(Math.floor),
  Ceil: of(Math.ceil),
  Not: of((one) => (one === 0 ? 1 : 0)),
  Equal: flag((one, other) => one === other),
  Less: flag((one, other) => one < other),
  Greater: flag((one, other) => one > other),
  Where: { apply: ([condition = 0, one = 0, other = 0]) => (condition === 0 ? other : one) },
  Sum: { apply: (numbers) => numbers.reduce((sum, number) => sum + number, 0) },
  Min: { apply: (numbers) => Math.min(...numbers) },
  Max: { apply: (numbers) => Math.max(...numbers) },
};
