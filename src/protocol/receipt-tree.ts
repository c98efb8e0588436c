import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { encodeAbiParameters, keccak256, type Hex } from "viem";

import type { Receipt } from "./receipt.ts";

const LEAF_TYPES = ["bytes32", "bytes32", "uint96"];
const LEAF_PARAMETERS = [{ type: "bytes32" }, { type: "bytes32" }, { type: "uint96" }] as const;
type Leaf = [request: Hex, output: Hex, charge: bigint];

/**
 * A Merkle tree of receipts, as CommitmentLog knows it.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { build, type ReceiptTree } from "assay/protocol/receipt-tree";
 *
 * const tree: ReceiptTree = build([{ request: zeroHash, output: zeroHash, charge: 1n }]);
 * console.log(tree.count); // 1
 * ```
 */
export type ReceiptTree = {
  readonly root: Hex;
  readonly count: number;
  /** The sibling hashes from a receipt's leaf to the root. */
  readonly pathOf: (receipt: Receipt) => readonly Hex[];
};

/**
 * Builds the tree of receipts. Their order does not change the root.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { build, leafOf } from "assay/protocol/receipt-tree";
 *
 * const receipt = { request: zeroHash, output: zeroHash, charge: 1n } as const;
 * console.log(build([receipt]).root === leafOf(receipt)); // true
 * ```
 *
 * @throws {@link NoReceiptsError} when there are none.
 */
export function build(receipts: readonly Receipt[]): ReceiptTree {
  if (receipts.length === 0) throw new NoReceiptsError();
  const tree = StandardMerkleTree.of<Leaf>(receipts.map(toLeaf), LEAF_TYPES);
  const root = tree.root as Hex;
  const indices = new Map(receipts.map((receipt, index) => [leafOf(receipt), index]));
  return {
    root,
    count: receipts.length,
    pathOf(receipt) {
      const index = indices.get(leafOf(receipt));
      if (index === undefined) throw new NotInTreeError(receipt, root);
      return tree.getProof(index) as Hex[];
    },
  };
}

/**
 * The hash that stands for a receipt in a tree.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { leafOf } from "assay/protocol/receipt-tree";
 *
 * console.log(leafOf({ request: zeroHash, output: zeroHash, charge: 1n }).length); // 66
 * ```
 */
export function leafOf(receipt: Receipt): Hex {
  // Hashed twice, so that no inner node, which is the hash of 64 bytes, can pass for a receipt.
  return keccak256(keccak256(encodeAbiParameters(LEAF_PARAMETERS, toLeaf(receipt))));
}

/**
 * Whether a path leads from a receipt to a root. That the provider recorded the root, and when, CommitmentLog says.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { build, verify } from "assay/protocol/receipt-tree";
 *
 * const receipts = [1n, 2n, 3n].map((charge) => ({ request: zeroHash, output: zeroHash, charge }));
 * const tree = build(receipts);
 * const receipt = { request: zeroHash, output: zeroHash, charge: 2n } as const;
 * console.log(verify(tree.root, receipt, tree.pathOf(receipt))); // true
 * ```
 */
export function verify(root: Hex, receipt: Receipt, path: readonly Hex[]): boolean {
  return StandardMerkleTree.verify(root, LEAF_TYPES, toLeaf(receipt), [...path]);
}

function toLeaf({ request, output, charge }: Receipt): Leaf {
  return [request, output, charge];
}

/**
 * Thrown when a tree of no receipts is asked for: it has no root.
 *
 * @example
 * ```ts
 * import { build, NoReceiptsError } from "assay/protocol/receipt-tree";
 *
 * try {
 *   build([]);
 * } catch (error) {
 *   console.log(error instanceof NoReceiptsError); // true
 * }
 * ```
 */
export class NoReceiptsError extends Error {
  override readonly name = "NoReceiptsError";

  constructor() {
    super("A tree needs at least one receipt, got none. Commit when there is something to commit to.");
  }
}

/**
 * Thrown when a path is asked for to a receipt that is not in the tree.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { build, NotInTreeError } from "assay/protocol/receipt-tree";
 *
 * const tree = build([{ request: zeroHash, output: zeroHash, charge: 1n }]);
 * try {
 *   tree.pathOf({ request: zeroHash, output: zeroHash, charge: 2n });
 * } catch (error) {
 *   console.log(error instanceof NotInTreeError && error.receipt.charge); // 2n
 * }
 * ```
 */
export class NotInTreeError extends Error {
  override readonly name = "NotInTreeError";
  readonly receipt: Receipt;
  readonly root: Hex;

  constructor(receipt: Receipt, root: Hex) {
    super(
      `The tree ${root} holds no receipt of request ${receipt.request} with output ${receipt.output} and charge ` +
        `${receipt.charge}. All three must be those it was built from.`,
    );
    this.receipt = receipt;
    this.root = root;
  }
}
