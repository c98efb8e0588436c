/** The syntax trees of the contracts, as solc gives them. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const solc = require("solc") as Compiler;

/** A node of any kind: what it holds besides depends on its type. */
export type Node = { readonly nodeType: string; readonly src: string; readonly [field: string]: unknown };

/** Where a node stands, in bytes. */
export type Span = { readonly start: number; readonly end: number };

type Compiler = { compile: (input: string, callbacks: { import: (path: string) => { contents: string } }) => string };
type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly sources: Readonly<Record<string, { readonly ast: Node }>>;
};

/** Parses contracts, and what they import, into one tree each, by path from the root of the project. */
export function parseContracts(root: string, paths: readonly string[]): Map<string, Node> {
  const read = (path: string): string =>
    readFileSync(path.startsWith("@") ? require.resolve(path) : join(root, path), "utf8");
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(paths.map((path) => [path, { content: read(path) }])),
    settings: { evmVersion: "cancun", outputSelection: { "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }),
  ) as Output;
  const error = output.errors?.find(({ severity }) => severity === "error");
  if (error !== undefined) throw new ContractSyntaxError(error.formattedMessage);
  return new Map(Object.entries(output.sources).map(([path, { ast }]) => [path, ast]));
}

/** A node's children, in the order of the source. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter(isNode)
    .sort((a, b) => spanOf(a).start - spanOf(b).start);
}

/** The one child in a field; undefined where the field is empty. */
export function childAt(node: Node, field: string): Node | undefined {
  const child = node[field];
  return isNode(child) ? child : undefined;
}

/** The word in a field; empty where there is none. */
export function wordAt(node: Node, field: string): string {
  const word = node[field];
  return typeof word === "string" ? word : "";
}

export function spanOf({ src }: Node): Span {
  const [start = 0, length = 0] = src.split(":").map(Number);
  return { start, end: start + length };
}

/** A node and all below it. */
export function* nodesIn(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesIn(child);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "nodeType" in value;
}

/** A contract does not compile as it stands. */
class ContractSyntaxError extends Error {
  override readonly name = "ContractSyntaxError";
}
