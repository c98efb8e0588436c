/**
 * Takes the largest first, and bends it then: `max(f(a), f(b)) = f(max(a, b))` where f never falls. It is the same to the
 * last bit, and a circuit that bends one number for each window instead of all of them costs much less.
 */
import { readersOf, type Graph, type Maximum, type Node, type Operator, rewired } from "../graph.ts";

/** Moves each activation that only a maximum reads behind it. */
export function poolFirst(graph: Graph): Graph {
  return graph.nodes.reduce(swapped, graph);
}

function swapped(graph: Graph, { id }: Node): Graph {
  // Looked up anew: an earlier swap may have changed it.
  const max = graph.nodes.find((node) => node.id === id);
  if (max?.operator.kind !== "max") return graph;
  const { input } = max.operator;
  const bend = graph.nodes.find((node) => node.id === input);
  if (bend === undefined) return graph;
  const { operator, origin } = bend;
  if (!neverFalls(operator) || readersOf(graph, input) !== 1) return graph;
  const pooled: Maximum = { ...max.operator, input: operator.input };
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (node === bend) return [];
    if (node !== max) return [rewired(node, id, input)];
    return [
      { ...max, operator: pooled },
      { id: input, size: max.size, origin, operator: { ...operator, input: id } },
    ];
  });
  const outputs = graph.outputs.map((output) => (output.tensor === id ? { ...output, tensor: input } : output));
  return { ...graph, nodes, outputs };
}

type Bend = Extract<Operator, { readonly kind: "relu" | "leakyRelu" | "clip" | "sigmoid" | "tanh" }>;

function neverFalls(operator: Operator): operator is Bend {
  if (operator.kind === "leakyRelu") return operator.slope >= 0;
  return ["relu", "clip", "sigmoid", "tanh"].includes(operator.kind);
}
