/** A node of the file with its inputs looked up, and what operators ask of it. */
import { OnnxError } from "./error.ts";
import type { Domain } from "./opset.ts";
import { ATTRIBUTE } from "./schema.ts";
import type { AttributeProto } from "./schema.ts";
import { readTensor, requireFinite, textOf } from "./tensor.ts";
import type { Constant, Dynamic, Labels, Shape, Texts, Value } from "./value.ts";

export type OnnxNode = {
  /** Its name, or where it has none its first output's. */
  readonly name: string;
  readonly operator: string;
  readonly domain: Domain;
  readonly opset: number;
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
};

/** For messages, and as the origin of what it becomes. */
export function describe(node: Pick<OnnxNode, "operator" | "name">): string {
  return `${node.operator} "${node.name}"`;
}

/** An input that must be there. */
export function inputOf(node: OnnxNode, index: number): Value {
  const value = node.inputs[index];
  if (value === undefined) throw new BadNodeError(node, `input ${index} is missing`);
  return value;
}

/** An input of numbers, known or not. */
export function numbersOf(node: OnnxNode, index: number): Constant | Dynamic {
  const value = inputOf(node, index);
  if (value.kind === "texts") throw new UnsupportedOperatorError(node, `input ${index} holds strings`);
  return value.kind === "constant" ? value : unlabelled(node, value);
}

/** An input that depends on the model's inputs. */
export function dynamicOf(node: OnnxNode, index: number): Dynamic {
  const value = numbersOf(node, index);
  if (value.kind === "constant") {
    throw new UnsupportedOperatorError(node, `input ${index} is constant, and must not be`);
  }
  return value;
}

/** An input that is known. */
export function constantOf(node: OnnxNode, index: number): Constant {
  const value = inputOf(node, index);
  if (value.kind !== "constant") throw new UnsupportedOperatorError(node, `input ${index} must be constant numbers`);
  return value;
}

/** A tensor that an operator only moves around: its elements may stand for labels. */
export function movableOf(node: OnnxNode, index: number): Dynamic {
  const value = inputOf(node, index);
  return value.kind === "dynamic" ? value : dynamicOf(node, index);
}

/** An optional input of whole numbers, such as axes. */
export function integersOf(node: OnnxNode, index: number): number[] | undefined {
  if (node.inputs[index] === undefined) return undefined;
  const numbers = Array.from(constantOf(node, index).values);
  if (!numbers.every(Number.isInteger)) throw new BadNodeError(node, `input ${index} is [${numbers.join(", ")}]`);
  return numbers;
}

/** Indices that stand for themselves are numbers; those that stand for other things are not. */
function unlabelled(node: OnnxNode, { labels, ...value }: Dynamic): Dynamic {
  if (labels !== undefined && labels.some((label, index) => label !== index)) {
    throw new UnsupportedOperatorError(node, "it calculates with class labels");
  }
  return value;
}

export function intAttribute(node: OnnxNode, name: string, otherwise: number): number {
  return attributeOf(node, name, ATTRIBUTE.int, (attribute) => attribute.i ?? 0) ?? otherwise;
}

export function floatAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const value = attributeOf(node, name, ATTRIBUTE.float, (attribute) => attribute.f ?? 0) ?? otherwise;
  requireFinite([value], `${node.name}.${name}`);
  return value;
}

export function stringAttribute(node: OnnxNode, name: string, otherwise: string): string {
  const value = attributeOf(node, name, ATTRIBUTE.string, (attribute) => textOf(attribute.s ?? new Uint8Array()));
  return value ?? otherwise;
}

export function intsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  return attributeOf(node, name, ATTRIBUTE.ints, (attribute) => attribute.ints ?? []);
}

/** Infinities and NaN are the caller's to refuse: a threshold may be infinite. */
export function anyFloatsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  return attributeOf(node, name, ATTRIBUTE.floats, (attribute) => attribute.floats ?? []);
}

export function floatsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  const values = anyFloatsAttribute(node, name);
  requireFinite(values ?? [], `${node.name}.${name}`);
  return values;
}

export function stringsAttribute(node: OnnxNode, name: string): readonly string[] | undefined {
  return attributeOf(node, name, ATTRIBUTE.strings, (attribute) => (attribute.strings ?? []).map(textOf));
}

export function tensorAttribute(node: OnnxNode, name: string): Constant | Texts | undefined {
  return attributeOf(node, name, ATTRIBUTE.tensor, (attribute) =>
    readTensor(attribute.t ?? {}, `${node.name}.${name}`),
  );
}

/** The labels of a classifier's classes, from whichever of two attributes has them. */
export function labelsAttribute(node: OnnxNode, texts: string, integers: string): Labels {
  const strings = stringsAttribute(node, texts) ?? [];
  return strings.length > 0 ? strings : (intsAttribute(node, integers) ?? []);
}

/** An axis that may count from the end. */
export function axisOf(node: OnnxNode, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new BadNodeError(node, `axis ${axis} is not one of a tensor of ${rank} dimensions`);
  }
  return positive;
}

/** Refuses a tensor of another rank. */
export function requireRank(node: OnnxNode, shape: Shape, ranks: readonly number[]): void {
  if (!ranks.includes(shape.length)) {
    throw new UnsupportedOperatorError(
      node,
      `its input has shape [${shape.join(", ")}], and must have ${ranks.join(" or ")} dimensions`,
    );
  }
}

/** Old files leave the type out. */
function attributeOf<T>(
  node: OnnxNode,
  name: string,
  type: number,
  read: (attribute: AttributeProto) => T,
): T | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if ((attribute.type ?? type) !== type) {
    throw new BadNodeError(node, `attribute ${name} is of type number ${attribute.type}, and must be of ${type}`);
  }
  return read(attribute);
}

/** An operator, or a use of one, that cannot be imported. */
export class UnsupportedOperatorError extends OnnxError {
  override readonly name = "UnsupportedOperatorError";
  constructor(node: Pick<OnnxNode, "name" | "operator" | "domain" | "opset">, reason: string) {
    const domain = node.domain === "" ? "ai.onnx" : node.domain;
    super(`${describe(node)} (${domain}, opset ${node.opset}) is not supported: ${reason}.`);
  }
}

/** A node that contradicts the definition of its operator. */
export class BadNodeError extends OnnxError {
  override readonly name = "BadNodeError";
  constructor(node: Pick<OnnxNode, "name" | "operator">, reason: string) {
    super(`${describe(node)} is malformed: ${reason}. Check the file with onnx.checker.check_model.`);
  }
}
