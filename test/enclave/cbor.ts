import { encode } from "cborg";
import { expect } from "chai";
import { hexToBytes, type Hex } from "viem";

import { CborError, readCbor, type CborRule, type CborValue } from "../../src/enclave/cbor.ts";

const MOST = 100_000;

describe("CBOR as documents have it", () => {
  const read = (hex: Hex): CborValue => readCbor(hexToBytes(hex), MOST);

  function ruleOf(bytes: Uint8Array, most = MOST): CborRule {
    try {
      readCbor(bytes, most);
    } catch (error) {
      if (error instanceof CborError) return error.because;
      throw error;
    }
    return expect.fail("it was read");
  }

  // RFC 8949, appendix A, as far as documents have such values.
  const values: readonly (readonly [Hex, CborValue])[] = [
    ["0x00", 0],
    ["0x17", 23],
    ["0x1818", 24],
    ["0x1903e8", 1_000],
    ["0x1b000000e8d4a51000", 1_000_000_000_000],
    ["0x3822", -35],
    ["0x3903e7", -1_000],
    ["0xf6", null],
    ["0x40", new Uint8Array()],
    ["0x4401020304", Uint8Array.of(1, 2, 3, 4)],
    ["0x60", ""],
    ["0x62c3bc", "\u00FC"],
    ["0x6449455446", "IETF"],
    ["0x80", []],
    ["0x83010203", [1, 2, 3]],
    ["0x9f010203ff", [1, 2, 3]],
    ["0x9fff", []],
    ["0xa0", new Map()],
    [
      "0xa201020304",
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    ["0xa16161820203", new Map([["a", [2, 3]]])],
    ["0xbf61619f0203ffff", new Map([["a", [2, 3]]])],
    ["0xbfff", new Map()],
  ];

  it("reads what the standard gives as examples, of definite and of indefinite length", () => {
    for (const [hex, value] of values) {
      expect(read(hex), hex).to.deep.equal(value);
    }
  });

  it("keeps a number and the text of it apart as keys", () => {
    const map = read("0xa20161616131f6");
    if (!(map instanceof Map)) throw new CborError("type");
    expect([...map]).to.deep.equal([
      [1, "a"],
      ["1", null],
    ]);
  });

  const refused: readonly (readonly [title: string, hex: Hex, CborRule])[] = [
    ["nothing", "0x", "truncated"],
    ["bytes after it", "0x0000", "trailing"],
    ["a map after a map", "0xa0a0", "trailing"],
    ["a key twice", "0xa2616101616102", "duplicate-key"],
    ["a key twice, of indefinite length", "0xbf616101616102ff", "duplicate-key"],
    ["a numeric key twice", "0xa201020103", "duplicate-key"],
    ["a key twice, deep inside", "0x81a2616101616102", "duplicate-key"],
    ["a key of bytes", "0xa1410101", "key"],
    ["a key that is null", "0xa1f601", "key"],
    ["a key that is an array", "0xa1800a", "key"],
    ["a number in more bytes than it needs", "0x1817", "malformed"],
    ["a negative number in more bytes than it needs", "0x390022", "malformed"],
    ["a length in more bytes than it needs", "0x580100", "malformed"],
    ["an array's length in more bytes than it needs", "0x980100", "malformed"],
    ["a map's length in more bytes than it needs", "0xb8010102", "malformed"],
    ["a number that doubles do not hold", "0x1b0020000000000000", "malformed"],
    ["a negative number that doubles do not hold", "0x3b0020000000000000", "malformed"],
    ["a float", "0xf93c00", "type"],
    ["a float of eight bytes", "0xfb3ff0000000000000", "type"],
    ["not a number", "0xf97e00", "type"],
    ["infinity", "0xf97c00", "type"],
    ["a truth value", "0xf5", "type"],
    ["undefined", "0xf7", "malformed"],
    ["a simple value", "0xe0", "malformed"],
    ["a tag", "0xd24101", "type"],
    ["a tag inside", "0x81c11a514b67b0", "type"],
    ["bytes of indefinite length", "0x5f4101ff", "malformed"],
    ["a text of indefinite length", "0x7f6161ff", "malformed"],
    ["a break without a beginning", "0xff", "type"],
    ["a break in an array that has a length", "0x82ff01", "type"],
    ["a break in place of a value", "0xbf6161ff", "type"],
    ["a reserved length", "0x1c", "malformed"],
    ["text that is not in UTF-8", "0x61ff", "text"],
    ["text in overlong UTF-8", "0x62c0af", "text"],
    ["half of a surrogate", "0x63eda080", "text"],
    ["a text with a mark of its byte order", "0x64efbbbf61", "text"],
    ["an array without an end", "0x9f01", "truncated"],
    ["a map without its last value", "0xa161", "malformed"],
    ["a key without a value", "0xa16161", "truncated"],
    ["more bytes announced than there are", "0x5a7fffffff00", "malformed"],
    ["2^53 bytes announced", "0x5b0020000000000000", "malformed"],
  ];

  for (const [title, hex, because] of refused) {
    it(`refuses ${title}`, () => {
      expect(ruleOf(hexToBytes(hex))).to.equal(because);
    });
  }

  it("refuses endless arrays and maps announced at once, without making room for them", () => {
    for (const hex of ["0x9b001fffffffffffff", "0xbb001fffffffffffff", "0x9affffffff", "0xbaffffffff"] as const) {
      expect(ruleOf(hexToBytes(hex))).to.equal("truncated");
      // Each member announces as many again.
      expect(ruleOf(Uint8Array.from(Array.from({ length: 500 }, () => [...hexToBytes(hex)]).flat()))).to.be.oneOf([
        "depth",
        "key",
      ]);
    }
  });

  it("refuses what nests too deep, however it does", () => {
    for (const opener of [[0x81], [0x9f], [0xa1, 0x01], [0xbf, 0x01]]) {
      const bomb = Uint8Array.from(
        Array.from({ length: 50_000 }, () => opener)
          .flat()
          .slice(0, MOST),
      );
      expect(ruleOf(bomb)).to.equal("depth");
    }
    expect(read("0x818181818181818100")).to.not.equal(undefined);
    expect(ruleOf(hexToBytes("0x81818181818181818100"))).to.equal("depth");
  });

  it("refuses what is too large, unread", () => {
    const bytes = encode(new Uint8Array(1_000));
    expect(readCbor(bytes, bytes.length)).to.have.length(1_000);
    expect(ruleOf(bytes, bytes.length - 1)).to.equal("size");
  });
});
