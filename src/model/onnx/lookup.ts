/** Selecting elements by index, and what class indices stand for. */
import type { GraphBuilder } from "./builder.ts";
import {
  anyFloatsAttribute,
  axisOf,
  BadNodeError,
  floatAttribute,
  inputOf,
  intAttribute,
  intsAttribute,
  movableOf,
  stringAttribute,
  stringsAttribute,
  tensorAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import { picked } from "./moving.ts";
import type { Operators } from "./operator.ts";
import { ELEMENT } from "./schema.ts";
import { rangeOf, sizeOf } from "./value.ts";
import type { Constant, Dynamic, Labels, Shape, Texts, Value } from "./value.ts";

export const LOOKUP: Operators = {
  Gather: (node, builder) => {
    const axis = intAttribute(node, "axis", 0);
    return select(node, builder, axis, (data, indices) =>
      data.toSpliced(axisOf(node, axis, data.length), 1, ...indices),
    );
  },
};

export const CLASSICAL_LOOKUP: Operators = {
  ArrayFeatureExtractor: (node, builder) =>
    // Of one dimension, the result is a row.
    select(node, builder, -1, (data, indices) => [...(data.length === 1 ? [1] : data.slice(0, -1)), sizeOf(indices)]),
};

export const LABELS: Operators = {
  LabelEncoder: encodeLabels,
  ZipMap: (node) => inputOf(node, 0),
};

function select(
  node: OnnxNode,
  builder: GraphBuilder,
  axis: number,
  shapeOf: (data: Shape, indices: Shape) => Shape,
): Value {
  const [data, indices] = [inputOf(node, 0), inputOf(node, 1)];
  const shape = shapeOf(data.shape, indices.shape);
  if (indices.kind === "dynamic") return { ...lookUp(node, data, indices), shape };
  if (indices.kind === "texts") throw new BadNodeError(node, "its indices are strings");

  const position = axisOf(node, axis, data.shape.length);
  const length = data.shape[position] as number;
  const pick = Int32Array.from(indices.values, (index) => (index < 0 ? index + length : index));
  if (pick.some((index) => index < 0 || index >= length)) {
    throw new BadNodeError(node, `an index is not one of ${length}`);
  }
  const value = movableOf(node, 0);
  return { ...picked(node, builder, value, value.shape.map(rangeOf).with(position, pick)), shape };
}

/** An index of classes looked up in a list gives the same index, with other labels. */
function lookUp(node: OnnxNode, data: Value, indices: Dynamic): Dynamic {
  if (data.kind === "dynamic" || indices.labels === undefined || data.shape.length !== 1) {
    throw new UnsupportedOperatorError(node, "its indices depend on the model's inputs, and are not classes in a list");
  }
  const list = elementsOf(data);
  const labels = indices.labels.map((label) => {
    const element = typeof label === "number" ? list.at(label) : undefined;
    if (element === undefined) throw new BadNodeError(node, `label ${label} is no index of ${list.length} classes`);
    return element;
  });
  return { ...indices, type: data.kind === "texts" ? ELEMENT.string : data.type, labels };
}

const elementsOf = (data: Constant | Texts): Labels => (data.kind === "texts" ? data.texts : Array.from(data.values));

/** Maps what class indices stand for; the indices stay. */
function encodeLabels(node: OnnxNode): Value {
  const value = inputOf(node, 0);
  if (value.kind !== "dynamic" || value.labels === undefined) {
    throw new UnsupportedOperatorError(node, "it must encode the labels that a classifier gives");
  }
  const { keys, values, otherwise } = codingOf(node, value.labels);
  const code = new Map(keys.map((key, index) => [key, values[index] as string | number]));
  const labels = value.labels.map((label) => code.get(label) ?? otherwise);
  const type = typeof otherwise === "string" ? ELEMENT.string : ELEMENT.int64;
  return { ...value, type, labels };
}

type Coding = { readonly keys: Labels; readonly values: Labels; readonly otherwise: string | number };

/** Version 1 knows one list of strings, and encodes to or from its indices. */
function codingOf(node: OnnxNode, labels: Labels): Coding {
  const classes = stringsAttribute(node, "classes_strings");
  if (classes !== undefined) {
    const indices = Array.from(rangeOf(classes.length));
    return typeof labels[0] === "string"
      ? { keys: classes, values: indices, otherwise: intAttribute(node, "default_int64", -1) }
      : { keys: indices, values: classes, otherwise: stringAttribute(node, "default_string", "_Unused") };
  }
  const keys = listOf(node, "keys");
  const values = listOf(node, "values");
  if (keys.list.length !== values.list.length) {
    throw new BadNodeError(node, `it has ${keys.list.length} keys for ${values.list.length} values`);
  }
  return { keys: keys.list, values: values.list, otherwise: values.otherwise() };
}

function listOf(node: OnnxNode, side: "keys" | "values"): { list: Labels; otherwise: () => string | number } {
  const tensor = tensorAttribute(node, `${side}_tensor`);
  if (tensor !== undefined) return { list: elementsOf(tensor), otherwise: () => defaultOf(node) };
  const texts = stringsAttribute(node, `${side}_strings`);
  if (texts !== undefined) return { list: texts, otherwise: () => stringAttribute(node, "default_string", "_Unused") };
  const integers = intsAttribute(node, `${side}_int64s`);
  if (integers !== undefined) return { list: integers, otherwise: () => intAttribute(node, "default_int64", -1) };
  const floats = anyFloatsAttribute(node, `${side}_floats`) ?? [];
  return { list: floats, otherwise: () => floatAttribute(node, "default_float", -0) };
}

function defaultOf(node: OnnxNode): string | number {
  const tensor = tensorAttribute(node, "default_tensor");
  return (tensor && elementsOf(tensor)[0]) ?? -1;
}
