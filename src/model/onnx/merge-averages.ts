/**
 * Merges averages into the convolution before them. It is one sum then, with one interval: a sum of sums has an interval
 * that knows nothing of how they offset each other, and takes a bit or two more in everything that is cut from it.
 */
import { readersOf, rewired, type Conv, type Graph, type Node } from "../graph.ts";

/** Merges each convolution of single planes, such as an average pool, that alone reads a convolution. */
export function mergeAverages(graph: Graph): Graph {
  return graph.nodes.reduce(merged, graph);
}

function merged(graph: Graph, { id }: Node): Graph {
  // Looked up anew: an earlier merger may have changed them.
  const average = graph.nodes.find((node) => node.id === id);
  if (average?.operator.kind !== "conv" || !isPlanewise(average.operator)) return graph;
  const { input } = average.operator;
  const before = graph.nodes.find((node) => node.id === input);
  if (before?.operator.kind !== "conv" || readersOf(graph, input) !== 1) return graph;
  const operator = composed(before.operator, average.operator);
  if (operator === undefined) return graph;
  const origin = before.origin === average.origin ? average.origin : `${before.origin}, ${average.origin}`;
  const nodes = graph.nodes.flatMap((node) => {
    if (node === before) return [];
    // The layer keeps its own name.
    return [node === average ? { ...before, size: average.size, origin, operator } : rewired(node, id, input)];
  });
  const outputs = graph.outputs.map((output) => (output.tensor === id ? { ...output, tensor: input } : output));
  return { ...graph, nodes, outputs };
}

/** Whether each filter reads one plane, and all of its windows lie in it. */
function isPlanewise({ geometry }: Conv): boolean {
  const { groups, channels, filters, pads } = geometry;
  return groups === channels && filters === channels && pads.every((pad) => pad === 0);
}

/** The one convolution that is both, if no window has gaps. */
function composed(first: Conv, second: Conv): Conv | undefined {
  const [inner, outer] = [first.geometry, second.geometry];
  if ([...inner.dilations, ...outer.dilations].some((dilation) => dilation !== 1)) return undefined;
  const along = (axis: 0 | 1): number => inner.kernel[axis] + (outer.kernel[axis] - 1) * inner.strides[axis];
  const [height, width] = [along(0), along(1)];
  const depth = inner.channels / inner.groups;
  const weights = new Float64Array(inner.filters * depth * height * width);
  const bias = new Float64Array(inner.filters);
  const [outerSize, innerSize] = [outer.kernel, inner.kernel].map(([rows, columns]) => rows * columns) as [
    number,
    number,
  ];
  for (let filter = 0; filter < inner.filters; filter++) {
    const shares = second.weights.subarray(filter * outerSize, (filter + 1) * outerSize);
    const sum = shares.reduce((total, share) => total + share, 0);
    bias[filter] = (second.bias[filter] ?? 0) + sum * (first.bias[filter] ?? 0);
    for (let at = 0; at < outerSize; at++) {
      const share = shares[at] ?? 0;
      const top = Math.floor(at / outer.kernel[1]) * inner.strides[0];
      const left = (at % outer.kernel[1]) * inner.strides[1];
      for (let own = 0; own < depth * innerSize; own++) {
        const plane = filter * depth + Math.floor(own / innerSize);
        const row = top + Math.floor((own % innerSize) / inner.kernel[1]);
        const column = left + (own % inner.kernel[1]);
        const to = (plane * height + row) * width + column;
        weights[to] = (weights[to] ?? 0) + share * (first.weights[filter * depth * innerSize + own] ?? 0);
      }
    }
  }
  const strides = [inner.strides[0] * outer.strides[0], inner.strides[1] * outer.strides[1]] as const;
  return { ...first, geometry: { ...inner, kernel: [height, width], strides }, weights, bias };
}
