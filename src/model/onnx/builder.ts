/** Collects the nodes of a graph, and gives each a name. */
import { INPUT } from "../graph.ts";
import type { Node, Operator } from "../graph.ts";

export type GraphBuilder = {
  /** What is added from now on comes from this node of the file, and takes its names from this one. */
  begin(name: string, origin: string): void;
  /** Adds a step and gives its tensor. */
  add(operator: Operator, size: number): string;
  /** What makes a tensor; undefined for the input. */
  operatorOf(tensor: string): Operator | undefined;
  sizeOf(tensor: string): number;
  readonly nodes: readonly Node[];
};

export function newGraphBuilder(inputSize: number): GraphBuilder {
  const nodes: Node[] = [];
  const byId = new Map<string, Node>();
  let current = { name: "", origin: "" };

  /** Not taken yet: names in a file may be anything, even `INPUT`. */
  function freshId(): string {
    let id = current.name;
    for (let count = 2; id === INPUT || byId.has(id); count++) id = `${current.name}:${count}`;
    return id;
  }

  return {
    nodes,
    begin(name, origin) {
      current = { name, origin };
    },
    add(operator, size) {
      const node = { id: freshId(), size, origin: current.origin, operator };
      nodes.push(node);
      byId.set(node.id, node);
      return node.id;
    },
    operatorOf: (tensor) => byId.get(tensor)?.operator,
    sizeOf: (tensor) => byId.get(tensor)?.size ?? inputSize,
  };
}
