import { expect } from "chai";
import { numberToHex } from "viem";

import { thinOut, windowOf, type Cursor } from "../../src/chain/blocks.ts";

const block = (number: number) => ({ number, hash: numberToHex(number, { size: 32 }), timestamp: number });

/** A block that is further from the one before than half of how far that one is from the head. */
const farFromTheOneBefore = (cursor: Cursor, stride: number) =>
  cursor.find(({ number }, index) => {
    const before = cursor[index - 1]?.number ?? number - 1;
    const head = cursor.at(-1)?.number ?? 0;
    return number - before > Math.max(1, (head - before) / 2 + stride);
  });

describe("the blocks that are remembered", () => {
  it("are all of the latest, twice as many as count or 64", () => {
    expect([0, 32, 33, 500].map(windowOf)).to.deep.equal([64, 64, 66, 1000]);
  });

  for (const [title, stride] of [
    ["one by one", 1],
    ["in pieces", 7],
    ["in large pieces", 2000],
  ] as const) {
    it(`are few, and never far between for how old they are, when taken in ${title}`, () => {
      const window = windowOf(0);
      let cursor: Cursor = [];
      for (let first = 0; first < 20_000; first += stride) {
        // As in a step: only the last block of a piece that is far from the head, and all of the latest.
        const recent = Array.from({ length: Math.min(stride, window) }, (_, index) =>
          block(first + stride - Math.min(stride, window) + index),
        );
        cursor = thinOut([...cursor, ...recent], window);
        const head = cursor.at(-1)?.number ?? 0;
        const most = window + 8 * Math.ceil(Math.log2(head / window + 2));
        if (cursor.length > most) expect.fail(`${cursor.length} blocks are kept at ${head}`);
        if (stride > window) continue;
        const far = farFromTheOneBefore(cursor, stride);
        if (far !== undefined) expect.fail(`the block before ${far.number} is far from it at ${head}`);
        const latest = cursor.filter(({ number }) => head - number < window).length;
        if (latest !== Math.min(window, head + 1)) expect.fail(`only ${latest} of the latest are kept at ${head}`);
      }
      expect(cursor.map(({ number }) => number)).to.deep.equal(
        cursor.map(({ number }) => number).toSorted((a, b) => a - b),
      );
    });
  }
});
