/** Leaves out of a graph what it can do without. */
import { inputsOf, rewired } from "../graph.ts";
import { mergeAverages } from "./merge-averages.ts";
import type { Affine, Conv, Dense, Graph, LinearOperator, Node } from "../graph.ts";

/** Merges factors, offsets and averages into the weights before them, and drops what no output needs. */
export function simplify(whole: Graph): Graph {
  const graph = withoutDeadNodes(whole);
  const uses = usesOf(graph);
  const merged = new Map<string, Node>();
  // What a merged layer is called now, by what its affine function was called: the layer keeps its own name.
  const names = new Map<string, string>();
  for (const each of graph.nodes) {
    const node = inputsOf(each.operator).reduce((read, name) => rewired(read, name, names.get(name) ?? name), each);
    const isOnlyReader = inputsOf(each.operator).every((name) => uses.get(name) === 1);
    const layer = isOnlyReader ? mergeInto(node, merged) : node;
    merged.set(layer.id, layer);
    names.set(node.id, layer.id);
  }
  const outputs = graph.outputs.map((output) => ({ ...output, tensor: names.get(output.tensor) ?? output.tensor }));
  return mergeAverages(withoutDeadNodes({ ...graph, nodes: [...merged.values()], outputs }));
}

function usesOf({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const read = [...nodes.flatMap(({ operator }) => inputsOf(operator)), ...outputs.map(({ tensor }) => tensor)];
  for (const tensor of read) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  return uses;
}

function mergeInto(node: Node, before: ReadonlyMap<string, Node>): Node {
  const { operator } = node;
  if (operator.kind !== "affine") return node;
  const previous = before.get(operator.input);
  const merged = previous && mergedOf(previous, operator);
  if (previous === undefined || merged === undefined) return node;
  const origin = previous.origin === node.origin ? node.origin : `${previous.origin}, ${node.origin}`;
  return { ...previous, origin, operator: merged };
}

function mergedOf({ operator, size }: Node, after: Affine): LinearOperator | undefined {
  if (operator.kind === "dense") return scaled(operator, after.multipliers, after.offsets);
  if (operator.kind === "conv") {
    const plane = size / operator.geometry.filters;
    const [multipliers, offsets] = [after.multipliers, after.offsets].map((numbers) => perPlane(numbers, plane));
    return multipliers && offsets && scaled(operator, multipliers, offsets);
  }
  if (operator.kind !== "affine") return undefined;
  const multipliers = operator.multipliers.map((factor, index) => factor * at(after.multipliers, index));
  const offsets = operator.offsets.map(
    (offset, index) => offset * at(after.multipliers, index) + at(after.offsets, index),
  );
  return { ...operator, multipliers, offsets };
}

/** The one number that each plane has, if it does. */
function perPlane(numbers: Float64Array, plane: number): Float64Array | undefined {
  const firsts = numbers.filter((_, index) => index % plane === 0);
  return numbers.every((number, index) => number === firsts[Math.floor(index / plane)]) ? firsts : undefined;
}

/** Each row or filter multiplied, and its bias too before the offset. */
function scaled<T extends Dense | Conv>(operator: T, multipliers: Float64Array, offsets: Float64Array): T {
  const length = operator.weights.length / operator.bias.length;
  return {
    ...operator,
    weights: operator.weights.map((weight, index) => weight * at(multipliers, Math.floor(index / length))),
    bias: operator.bias.map((bias, index) => bias * at(multipliers, index) + at(offsets, index)),
  };
}

const at = (numbers: Float64Array, index: number): number => numbers[index] as number;

function withoutDeadNodes(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ tensor }) => tensor));
  for (const { id, operator } of graph.nodes.toReversed()) {
    if (needed.has(id)) for (const input of inputsOf(operator)) needed.add(input);
  }
  return { ...graph, nodes: graph.nodes.filter(({ id }) => needed.has(id)) };
}
