/** The mutants of the contracts: each is one contract with one edit. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { editsOf, type Edit, type Kind, type Reader } from "./edits.ts";
import { childAt, childrenOf, nodesIn, parseContracts, wordAt, type Node } from "./syntax.ts";

/** The contracts, and the libraries that hold checks of theirs. */
export const TARGETS = [
  "contracts/Escrow.sol",
  "contracts/Vault.sol",
  "contracts/CommitmentLog.sol",
  "contracts/verifiers/Groth16Verifier.sol",
  "contracts/verifiers/EnclaveVerifier.sol",
  "contracts/libraries/Accounts.sol",
  "contracts/libraries/BN254.sol",
  "contracts/libraries/Digests.sol",
  "contracts/libraries/Signatures.sol",
  "contracts/libraries/VerifyCall.sol",
] as const;

/** Where sums are of money. Elsewhere they are offsets, and nothing works when one of those is wrong. */
const MONEY: readonly string[] = ["contracts/Escrow.sol"] satisfies (typeof TARGETS)[number][];

export type Mutant = {
  /** Path, line, column and kind. */
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly kind: Kind;
  /** The function that the edit is in; empty outside of all. */
  readonly within: string;
  /** The external functions that lead there. */
  readonly entries: readonly string[];
  /** The lines of the edit as they are, and as the edit makes them, without needless space. */
  readonly before: string;
  readonly after: string;
  /** Which one of those in the function that read the same, from 1 on. */
  readonly occurrence: number;
  /** The whole contract with the edit. */
  readonly content: string;
};

/** Derives every mutant of the contracts below `root`, in the order of the sources. */
export function findMutants(root: string): Mutant[] {
  const trees = parseContracts(root, TARGETS);
  const entriesOf = traceEntries([...trees.values()]);
  return TARGETS.flatMap((file) => {
    const source = readFileSync(join(root, file));
    const read: Reader = ({ start, end }) => source.subarray(start, end).toString("utf8");
    const counts = new Map<string, number>();
    return [...editsBelow(trees.get(file) as Node, read)]
      .filter(({ edit }) => edit.kind !== "arithmetic swapped" || MONEY.includes(file))
      .map(({ edit, within }) => {
        const place = placeOf(edit, source.toString("latin1"), read);
        const name = nameOf(within);
        const key = JSON.stringify([name, place.before, place.after]);
        const occurrence = (counts.get(key) ?? 0) + 1;
        counts.set(key, occurrence);
        return {
          id: `${file}:${place.line}:${place.column} ${edit.kind}`,
          file,
          line: place.line,
          kind: edit.kind,
          within: name,
          entries: within === undefined ? [] : entriesOf(within),
          before: place.before,
          after: place.after,
          occurrence,
          content: read({ start: 0, end: edit.start }) + edit.text + read({ start: edit.end, end: source.length }),
        };
      });
  });
}

type Found = { readonly edit: Edit; readonly within: Node | undefined };

function* editsBelow(node: Node, read: Reader, outer?: Node): Generator<Found> {
  const within = node.nodeType === "FunctionDefinition" ? node : outer;
  for (const edit of editsOf(node, read)) yield { edit, within };
  // A loop that does not advance only wastes the time limit.
  const step = node.nodeType === "ForStatement" ? childAt(node, "loopExpression") : undefined;
  for (const child of childrenOf(node)) if (child !== step) yield* editsBelow(child, read, within);
}

/** `source` has one character a byte, so that its indices are the compiler's. */
function placeOf({ start, end, text }: Edit, source: string, read: Reader) {
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = source.indexOf("\n", end - 1);
  const head = read({ start: lineStart, end: start });
  const tail = read({ start: end, end: lineEnd });
  return {
    line: source.slice(0, start).split("\n").length,
    column: head.length + 1,
    before: squeeze(head + read({ start, end }) + tail),
    after: squeeze(head + text + tail),
  };
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function nameOf(definition: Node | undefined): string {
  if (definition === undefined) return "";
  const name = wordAt(definition, "name");
  return name === "" ? wordAt(definition, "kind") : name;
}

/** Answers which external functions reach a function, by who calls whom. */
function traceEntries(trees: readonly Node[]): (definition: Node) => string[] {
  const definitions = trees.flatMap((tree) => [...nodesIn(tree)].filter((n) => n.nodeType === "FunctionDefinition"));
  const callers = new Map<unknown, Node[]>();
  for (const definition of definitions) {
    const callees = new Set([...nodesIn(definition)].map((node) => node["referencedDeclaration"]));
    for (const callee of callees) callers.set(callee, [...(callers.get(callee) ?? []), definition]);
  }
  return (definition) => {
    const reached = new Set([definition]);
    for (const each of reached) for (const caller of callers.get(each["id"]) ?? []) reached.add(caller);
    return [...reached].filter(isEntry).map(nameOf);
  };
}

function isEntry({ kind, visibility }: Node): boolean {
  return kind === "constructor" || visibility === "external" || visibility === "public";
}
