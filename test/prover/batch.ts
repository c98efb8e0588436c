import { expect } from "chai";

import { account } from "../../scripts/local/market.ts";
import { startBatches } from "../../src/prover/batch.ts";

const [one, other] = [account(1).address, account(2).address];
const LIMITS = { batchSize: 3, maxWaitSeconds: 60, deadlineMarginSeconds: 300 };
const at = (local: number, chain = 0) => ({ local, chain });
const item = (name: string, deadline = 10_000, verifier = one) => ({ name, verifier, deadline });

function namesOf(batches: { name: string }[][]): string[][] {
  return batches.map((batch) => batch.map(({ name }) => name));
}

describe("batches", () => {
  it("wait until they are full", () => {
    const batches = startBatches<ReturnType<typeof item>>(LIMITS);
    batches.add(item("a"), at(0));
    batches.add(item("b"), at(0));
    expect(namesOf(batches.takeDue(at(0)))).to.deep.equal([]);
    batches.add(item("c"), at(1));
    expect(namesOf(batches.takeDue(at(1)))).to.deep.equal([["a", "b", "c"]]);
    expect(batches.size()).to.equal(0);
  });

  it("hold fills of one verifier each, however its address is written", () => {
    const batches = startBatches<ReturnType<typeof item>>({ ...LIMITS, batchSize: 2 });
    batches.add(item("a", 1_000, one), at(0));
    batches.add(item("b", 1_000, other), at(0));
    expect(batches.takeDue(at(0))).to.deep.equal([]);
    batches.add(item("c", 1_000, one.toLowerCase() as typeof one), at(0));
    expect(namesOf(batches.takeDue(at(0)))).to.deep.equal([["a", "c"]]);
  });

  it("wait no longer than their oldest fill may", () => {
    const batches = startBatches<ReturnType<typeof item>>(LIMITS);
    batches.add(item("a"), at(100));
    batches.add(item("b"), at(159));
    expect(batches.takeDue(at(159))).to.deep.equal([]);
    expect(namesOf(batches.takeDue(at(160)))).to.deep.equal([["a", "b"]]);
  });

  it("do not wait when a deadline is near on the chain, whatever this machine's clock says", () => {
    const batches = startBatches<ReturnType<typeof item>>(LIMITS);
    batches.add(item("far", 2_000), at(0, 1_000));
    batches.add(item("near", 1_301), at(0, 1_000));
    expect(batches.takeDue(at(1, 1_000))).to.deep.equal([]);
    expect(namesOf(batches.takeDue(at(1, 1_001)))).to.deep.equal([["near", "far"]]);
  });

  it("leave out what has to wait for the next, the furthest deadlines first", () => {
    const batches = startBatches<ReturnType<typeof item>>(LIMITS);
    for (const deadline of [5_000, 2_000, 4_000, 3_000]) batches.add(item(String(deadline), deadline), at(0));
    expect(namesOf(batches.takeDue(at(0)))).to.deep.equal([["2000", "3000", "4000"]]);
    expect(namesOf(batches.takeAll())).to.deep.equal([["5000"]]);
  });

  it("come out with the nearest deadline first", () => {
    const batches = startBatches<ReturnType<typeof item>>({ ...LIMITS, batchSize: 1 });
    batches.add(item("later", 3_000, one), at(0));
    batches.add(item("sooner", 2_000, other), at(0));
    expect(namesOf(batches.takeDue(at(0)))).to.deep.equal([["sooner"], ["later"]]);
  });

  it("come out all together at the end, none larger than allowed", () => {
    const batches = startBatches<ReturnType<typeof item>>(LIMITS);
    for (let count = 0; count < 7; count++) batches.add(item(String(count)), at(0));
    expect(batches.takeAll().map(({ length }) => length)).to.deep.equal([3, 3, 1]);
    expect(batches.size()).to.equal(0);
  });
});
