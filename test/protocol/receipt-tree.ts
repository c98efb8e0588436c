import { expect } from "chai";
import { zeroHash } from "viem";

import { build, leafOf, NoReceiptsError, NotInTreeError, verify } from "../../src/protocol/receipt-tree.ts";
import { deployProtocol, randomReceipt, RUNS } from "../helpers/protocol.ts";
import { fuzz, times } from "../helpers/random.ts";

describe("receipt tree", () => {
  it("has the leaves that Solidity hashes", () =>
    fuzz(async (random) => {
      const { harness } = await deployProtocol();
      const receipts = times(RUNS, () => randomReceipt(random));
      const leaves = await Promise.all(receipts.map((receipt) => harness.read.leafOf([receipt])));
      expect(receipts.map(leafOf)).to.deep.equal(leaves);
    }));

  it("has paths that CommitmentLog follows to the root, from its receipts alone", () =>
    fuzz(async (random) => {
      const { viem, sender } = await deployProtocol();
      const log = await viem.deployContract("CommitmentLog");

      for (const count of [1, 2, 3, 4, 5, 8, 31, 64, 100]) {
        const receipts = times(count, () => randomReceipt(random));
        const tree = build(receipts);
        await log.write.commit([tree.root, tree.count]);
        await Promise.all(
          receipts.map(async (receipt) => {
            const path = tree.pathOf(receipt);
            expect(await log.read.includes([sender, tree.root, leafOf(receipt), path])).to.equal(true);
            expect(verify(tree.root, receipt, path)).to.equal(true);

            const forged = { ...receipt, charge: receipt.charge ^ 1n };
            expect(await log.read.includes([sender, tree.root, leafOf(forged), path])).to.equal(false);
            expect(verify(tree.root, forged, path)).to.equal(false);
          }),
        );
      }
    }));

  it("has one root whatever the receipts' order", () =>
    fuzz((random) => {
      const receipts = times(20, () => randomReceipt(random));
      expect(build(receipts.toReversed()).root).to.equal(build(receipts).root);
    }));

  it("refuses to be empty", () => {
    expect(() => build([])).to.throw(NoReceiptsError);
  });

  it("has no path to a receipt that it does not hold", () => {
    const receipt = { request: zeroHash, output: zeroHash, charge: 1n } as const;
    const other = { ...receipt, charge: 2n };
    expect(() => build([receipt]).pathOf(other))
      .to.throw(NotInTreeError)
      .include({ receipt: other, root: leafOf(receipt) });
  });
});
