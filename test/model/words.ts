import { expect } from "chai";

import { fnv1a, hashedWords, wordsOf } from "../../models/training/words.ts";

describe("hashed words", () => {
  it("are hashed by FNV-1a in 32 bits", () => {
    for (const [text, hash] of [
      ["", 0x811c9dc5],
      ["a", 0xe40c292c],
      ["foobar", 0xbf9cf968],
    ] as const) {
      expect(fnv1a(text)).to.equal(hash);
    }
  });

  it("are told once, whatever their case and what stands between them", () => {
    expect(wordsOf("Hi, HI!")).to.deep.equal(wordsOf("hi hi"));
    expect(hashedWords("Hi, HI!", 128).filter((bit) => bit === 1)).to.deep.equal([1]);
    expect(hashedWords("", 128)).to.deep.equal(Array.from({ length: 128 }, () => 0));
  });
});
