import type { GraphBuilder } from "./builder.ts";
import type { OnnxNode } from "./node.ts";
import type { Value } from "./value.ts";

/** What a node's outputs are, in terms of its inputs; what it needs, it adds to the graph. */
export type Operator = (node: OnnxNode, builder: GraphBuilder) => Value | readonly Value[];

/** By the operator's name. */
export type Operators = Readonly<Record<string, Operator>>;
