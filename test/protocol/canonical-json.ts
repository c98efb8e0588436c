import { expect } from "chai";

import { canonicalJson, NotJsonError, type Json } from "../../src/protocol/canonical-json.ts";
import { randomJson } from "../helpers/random-json.ts";
import { fuzz } from "../helpers/random.ts";

describe("canonical JSON (RFC 8785)", () => {
  it("writes the example of section 3.2.2", () => {
    const value = {
      // The RFC writes one digit more than a double holds.
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20AC$\u000F\u000AA'\u0042\u0022\u005C\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).to.equal(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("orders keys by their UTF-16 code units, as in section 3.2.3", () => {
    const value = {
      "\u20AC": "Euro Sign",
      "\r": "Carriage Return",
      "\uFB33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\uD83D\uDE00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00F6": "Latin Small Letter O With Diaeresis",
    };
    const order = ["\r", "1", "\u0080", "\u00F6", "\u20AC", "\uD83D\uDE00", "\uFB33"] as const;
    const entries = order.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value[key])}`);
    expect(canonicalJson(value)).to.equal(`{${entries.join(",")}}`);
    // JavaScript lists whole numbers first, and in their order as numbers.
    expect(canonicalJson({ "9": 1, "10": 2, "1": 3 })).to.equal('{"1":3,"10":2,"9":1}');
  });

  it("writes the numbers of appendix B", () => {
    const samples: readonly [bits: bigint, text: string][] = [
      [0x0000000000000000n, "0"],
      [0x8000000000000000n, "0"],
      [0x0000000000000001n, "5e-324"],
      [0x8000000000000001n, "-5e-324"],
      [0x7fefffffffffffffn, "1.7976931348623157e+308"],
      [0xffefffffffffffffn, "-1.7976931348623157e+308"],
      [0x4340000000000000n, "9007199254740992"],
      [0xc340000000000000n, "-9007199254740992"],
      [0x4430000000000000n, "295147905179352830000"],
      [0x44b52d02c7e14af5n, "9.999999999999997e+22"],
      [0x44b52d02c7e14af6n, "1e+23"],
      [0x44b52d02c7e14af7n, "1.0000000000000001e+23"],
      [0x444b1ae4d6e2ef4en, "999999999999999700000"],
      [0x444b1ae4d6e2ef4fn, "999999999999999900000"],
      [0x444b1ae4d6e2ef50n, "1e+21"],
      [0x3eb0c6f7a0b5ed8cn, "9.999999999999997e-7"],
      [0x3eb0c6f7a0b5ed8dn, "0.000001"],
      [0x41b3de4355555553n, "333333333.3333332"],
      [0x41b3de4355555554n, "333333333.33333325"],
      [0x41b3de4355555555n, "333333333.3333333"],
      [0x41b3de4355555556n, "333333333.3333334"],
      [0xbecbf647612f3696n, "-0.0000033333333333333333"],
      [0x43143ff3c1cb0959n, "1424953923781206.2"],
    ];
    for (const [bits, text] of samples) {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, bits);
      expect(canonicalJson(view.getFloat64(0)), bits.toString(16)).to.equal(text);
    }
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      expect(() => canonicalJson([{ value }])).to.throw(NotJsonError, String(value));
    }
  });

  it("is the same for the same value in whatever order it was made, and says it whole", () =>
    fuzz((random) => {
      for (let round = 0; round < 300; round++) {
        const value = randomJson(random, 4);
        const text = canonicalJson(value);
        expect(JSON.parse(text)).to.deep.equal(value);
        expect(canonicalJson(JSON.parse(text) as Json)).to.equal(text);
        expect(canonicalJson(reordered(value))).to.equal(text);
      }
    }));

  it("keeps keys apart that objects treat in their own way", () => {
    const value = JSON.parse('{"constructor":2,"__proto__":{"a":1},"toString":3}') as Json;
    expect(canonicalJson(value)).to.equal('{"__proto__":{"a":1},"constructor":2,"toString":3}');
  });
});

function reordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Record<string, Json>).map(([key, each]) => [key, reordered(each)] as const);
  return Object.fromEntries(entries.toReversed());
}
