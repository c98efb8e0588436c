/** Writes boosted trees as ONNX, as exporters of XGBoost and scikit-learn do. */
import type { TreeNode } from "../../src/model/graph.ts";
import { encodeModel } from "../../src/model/onnx/file.ts";
import { ATTRIBUTE, ELEMENT, type AttributeProto } from "../../src/model/onnx/schema.ts";
import type { Boosted } from "./boosting.ts";

/** A node of a tree, as the operator lists it. */
type Listed = {
  readonly tree: number;
  readonly id: number;
  readonly mode: "BRANCH_LT" | "LEAF";
  readonly feature: number;
  readonly value: number;
  readonly yes: number;
  readonly no: number;
  readonly weight: number;
};

/** The file of an ensemble that takes `input` of so many numbers, and gives the second label where its sum is positive. */
export function writeTrees(
  name: string,
  { base, trees }: Boosted,
  columns: number,
  labels: readonly [no: string, yes: string],
): Uint8Array {
  const nodes = trees.flatMap(nodesOf);
  const leaves = nodes.filter(({ mode }) => mode === "LEAF");
  return encodeModel({
    irVersion: 8,
    producerName: "assay",
    opsetImport: [
      { domain: "", version: 17 },
      { domain: "ai.onnx.ml", version: 3 },
    ],
    graph: {
      name,
      input: [{ name: "input", type: tensorType(ELEMENT.float, columns) }],
      node: [
        {
          name: "trees",
          opType: "TreeEnsembleClassifier",
          domain: "ai.onnx.ml",
          input: ["input"],
          output: ["label", "probabilities"],
          attribute: [
            integers("nodes_treeids", nodes, ({ tree }) => tree),
            integers("nodes_nodeids", nodes, ({ id }) => id),
            texts(
              "nodes_modes",
              nodes.map(({ mode }) => mode),
            ),
            integers("nodes_featureids", nodes, ({ feature }) => feature),
            floats("nodes_values", nodes, ({ value }) => value),
            integers("nodes_truenodeids", nodes, ({ yes }) => yes),
            integers("nodes_falsenodeids", nodes, ({ no }) => no),
            integers("class_treeids", leaves, ({ tree }) => tree),
            integers("class_nodeids", leaves, ({ id }) => id),
            integers("class_ids", leaves, () => 0),
            floats("class_weights", leaves, ({ weight }) => weight),
            floats("base_values", [base], (value) => value),
            texts("classlabels_strings", labels),
            { name: "post_transform", type: ATTRIBUTE.string, s: bytesOf("LOGISTIC") },
          ],
        },
      ],
      output: [
        { name: "label", type: { tensorType: { elemType: ELEMENT.string, shape: { dim: [{ dimParam: "batch" }] } } } },
        { name: "probabilities", type: tensorType(ELEMENT.float, labels.length) },
      ],
    },
  });
}

/** A tree's nodes, each before its children. */
function nodesOf(root: TreeNode, tree: number): Listed[] {
  const nodes: Listed[] = [];
  const add = (node: TreeNode): number => {
    const id = nodes.length;
    const leaf = { tree, id, mode: "LEAF", feature: 0, value: 0, yes: 0, no: 0 } as const;
    if (!("feature" in node)) {
      nodes.push({ ...leaf, weight: node.weights[0] ?? 0 });
      return id;
    }
    const { feature, threshold: value } = node;
    nodes.push({ ...leaf, weight: 0 });
    const yes = add(node.below);
    const no = add(node.above);
    nodes[id] = { tree, id, mode: "BRANCH_LT", feature, value, yes, no, weight: 0 };
    return id;
  };
  add(root);
  return nodes;
}

function integers<T>(name: string, items: readonly T[], of: (each: T) => number): AttributeProto {
  return { name, type: ATTRIBUTE.ints, ints: items.map(of) };
}

function floats<T>(name: string, items: readonly T[], of: (each: T) => number): AttributeProto {
  return { name, type: ATTRIBUTE.floats, floats: items.map(of) };
}

function texts(name: string, items: readonly string[]): AttributeProto {
  return { name, type: ATTRIBUTE.strings, strings: items.map(bytesOf) };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function tensorType(elemType: number, size: number) {
  return { tensorType: { elemType, shape: { dim: [{ dimParam: "batch" }, { dimValue: size }] } } };
}
