/** What can be broken in a contract: every small edit that a test should notice, by kind of syntax. */
import { childAt, childrenOf, spanOf, wordAt, type Node, type Span } from "./syntax.ts";

export type Kind =
  | "check removed"
  | "branch removed"
  | "comparison inverted"
  | "boundary moved"
  | "condition negated"
  | "operand dropped"
  | "arithmetic swapped"
  | "statement deleted"
  | "guard removed"
  | "failure ignored";

/** Text to put in place of a span. */
export type Edit = Span & { readonly kind: Kind; readonly text: string };

/** Reads the source of a contract. */
export type Reader = (span: Span) => string;

type Operators = Readonly<Record<string, string>>;

const INVERSES: Operators = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==" };
const NEIGHBOURS: Operators = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const OPPOSITES: Operators = { "+": "-", "-": "+", "*": "/", "/": "*", "+=": "-=", "-=": "+=" };
const JOINTS: ReadonlySet<unknown> = new Set(["&&", "||", "&", "|"]);

/** Every edit of one node, without those of the nodes below it. */
export function editsOf(node: Node, read: Reader): Edit[] {
  switch (node.nodeType) {
    case "IfStatement":
      return [...withoutIf(node, read), ...negated(childAt(node, "condition"), read)];
    case "Conditional":
      return negated(childAt(node, "condition"), read);
    case "Return":
      return negated(childAt(node, "expression"), read);
    case "BinaryOperation":
      return JOINTS.has(node["operator"])
        ? kept(node, [childAt(node, "leftExpression"), childAt(node, "rightExpression")], read)
        : swapped(node, childAt(node, "leftExpression"), childAt(node, "rightExpression"), read);
    case "Assignment":
      return swapped(node, childAt(node, "leftHandSide"), childAt(node, "rightHandSide"), read);
    case "UnaryOperation":
      return node["operator"] === "!" ? kept(node, [childAt(node, "subExpression")], read, "condition negated") : [];
    case "ExpressionStatement":
    case "EmitStatement":
      return [{ ...withSemicolon(node, read), kind: "statement deleted", text: "{}" }];
    case "YulExpressionStatement":
      return [{ ...spanOf(node), kind: "statement deleted", text: "" }];
    case "ModifierInvocation":
      return node["kind"] === "modifierInvocation" ? [{ ...spanOf(node), kind: "guard removed", text: "" }] : [];
    case "YulFunctionCall":
      return assemblyEdits(node, read);
    default:
      return [];
  }
}

function withoutIf(node: Node, read: Reader): Edit[] {
  const body = childAt(node, "trueBody");
  const otherwise = childAt(node, "falseBody");
  const last = body?.nodeType === "Block" ? childrenOf(body).at(-1) : body;
  const isCheck = last?.nodeType === "RevertStatement" || last?.nodeType === "Return";
  const kind = isCheck ? "check removed" : "branch removed";
  // To remove a branch of one statement is to delete that statement, which is an edit of its own.
  if (otherwise === undefined && !isCheck && body?.nodeType !== "Block") return [];
  if (otherwise === undefined) return [{ ...withSemicolon(node, read), kind, text: "{}" }];
  return [{ ...spanOf(node), kind, text: read(spanOf(otherwise)) }];
}

/** A condition that is a bare value: operators have edits of their own. */
function negated(condition: Node | undefined, read: Reader): Edit[] {
  const type = condition?.["typeDescriptions"] as { readonly typeString?: string } | undefined;
  const isBare = /^(?:FunctionCall|Identifier|MemberAccess)$/.test(condition?.nodeType ?? "");
  if (condition === undefined || !isBare || type?.typeString !== "bool") return [];
  return [{ ...spanOf(condition), kind: "condition negated", text: `!${read(spanOf(condition))}` }];
}

/** A node replaced by each of its operands in turn. */
function kept(
  node: Node,
  operands: readonly (Node | undefined)[],
  read: Reader,
  kind: Kind = "operand dropped",
): Edit[] {
  const { start, end } = spanOf(node);
  const found = operands.filter((operand) => operand !== undefined);
  return found.map((operand) => ({ start, end, kind, text: read(spanOf(operand)) }));
}

/** A node with another operator between its operands. */
function swapped(node: Node, left: Node | undefined, right: Node | undefined, read: Reader): Edit[] {
  if (left === undefined || right === undefined) return [];
  const between = { start: spanOf(left).end, end: spanOf(right).start };
  const operator = wordAt(node, "operator");
  const swap = (kind: Kind, table: Operators): Edit[] => {
    const other = table[operator];
    return other === undefined ? [] : [{ ...between, kind, text: read(between).replace(operator, other) }];
  };
  return [
    ...swap("comparison inverted", INVERSES),
    ...swap("boundary moved", NEIGHBOURS),
    ...swap("arithmetic swapped", OPPOSITES),
  ];
}

/** In assembly a condition is a word: what joins two is dropped, and what a call answers is made a success. */
function assemblyEdits(node: Node, read: Reader): Edit[] {
  const span = spanOf(node);
  switch (childAt(node, "functionName")?.["name"]) {
    case "and":
    case "or":
      return kept(node, node["arguments"] as Node[], read);
    case "eq":
    case "lt":
    case "gt":
      return [{ ...span, kind: "comparison inverted", text: `iszero(${read(span)})` }];
    case "call":
    case "staticcall":
      return [{ ...span, kind: "failure ignored", text: `or(1, ${read(span)})` }];
    default:
      return [];
  }
}

/** solc leaves the semicolon out of a statement, and a lone one does not compile. */
function withSemicolon(node: Node, read: Reader): Span {
  const { start, end } = spanOf(node);
  return { start, end: read({ start: end, end: end + 1 }) === ";" ? end + 1 : end };
}
