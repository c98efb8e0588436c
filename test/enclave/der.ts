import { expect } from "chai";
import { hexToBytes, type Hex } from "viem";

import { flatSignature } from "../../src/enclave/x509/ecdsa.ts";
import { DerError, requireDer, type DerRule } from "../../src/enclave/x509/der.ts";

describe("DER", () => {
  function ruleOf(read: () => unknown): DerRule {
    try {
      read();
    } catch (error) {
      if (error instanceof DerError) return error.because;
      throw error;
    }
    return expect.fail("it was read");
  }

  it("is read in the one form that each thing has", () => {
    const sound: readonly Hex[] = [
      "0x0101ff",
      "0x010100",
      "0x020100",
      "0x02020080",
      "0x0201ff",
      "0x0202ff7f",
      "0x03020780",
      "0x030100",
      "0x0400",
      "0x0500",
      "0x06032a0304",
      "0x06042a860304",
      "0x0c02c3bc",
      "0x170d3235303530363039323530305a",
      "0x3000",
      "0x3006020101020100",
      "0x3106020100020101",
      "0xa003020102",
      "0x8001ff",
    ];
    for (const hex of sound) requireDer(hexToBytes(hex));
    requireDer(Uint8Array.of(0x04, 0x81, 200, ...new Uint8Array(200)));
  });

  const refused: readonly (readonly [title: string, hex: Hex, DerRule])[] = [
    ["nothing", "0x", "truncated"],
    ["a tag alone", "0x30", "truncated"],
    ["a length beyond its end", "0x3005020100", "truncated"],
    ["a length of several bytes beyond its end", "0x3082", "truncated"],
    ["bytes after it", "0x300000", "trailing"],
    ["a short length in the long form", "0x04810100", "length"],
    ["a long length with a zero before it", "0x048200c8", "length"],
    ["an indefinite length", "0x30800000", "length"],
    ["a length of four bytes", "0x048400000001ff", "length"],
    ["the reserved length", "0x04ff", "length"],
    ["a tag of several bytes", "0x1f8101", "tag"],
    ["a tag of an application", "0x400100", "tag"],
    ["a private tag", "0xc00100", "tag"],
    ["a type that certificates do not have", "0x0903800001", "tag"],
    ["an octet string in parts", "0x2403040100", "tag"],
    ["a sequence that is not in parts", "0x1000", "tag"],
    ["a truth value of 1", "0x010101", "value"],
    ["a truth value without one", "0x0100", "value"],
    ["a number without bytes", "0x0200", "value"],
    ["a number with a zero before it", "0x02020001", "value"],
    ["a negative number with ones before it", "0x0202ff80", "value"],
    ["bits without their count", "0x0300", "value"],
    ["eight unused bits", "0x03020800", "value"],
    ["unused bits that are set", "0x03020781", "value"],
    ["unused bits of nothing", "0x030101", "value"],
    ["a null with content", "0x050100", "value"],
    ["an empty identifier", "0x0600", "value"],
    ["an identifier without an end", "0x06022a83", "value"],
    ["an identifier's arc with zeros before it", "0x06042a800304", "value"],
    ["text that is not in UTF-8", "0x0c01ff", "value"],
    ["a sign that is not printable", "0x130140", "value"],
    ["a byte that is not in ASCII", "0x160180", "value"],
    ["a time without seconds", "0x170b323530353036303932355a", "value"],
    ["a time in another zone", "0x17113235303530363039323530302b30313030", "value"],
    ["a set out of order", "0x3106020101020100", "value"],
    ["a set with a member twice", "0x3106020100020100", "value"],
    ["anything of it deep inside", "0x3005a003020200", "truncated"],
  ];

  for (const [title, hex, because] of refused) {
    it(`is not ${title}`, () => {
      expect(ruleOf(() => requireDer(hexToBytes(hex)))).to.equal(because);
    });
  }

  it("does not nest without end", () => {
    let bomb = Uint8Array.of(0x30, 0);
    for (let depth = 0; depth < 40; depth++) bomb = Uint8Array.of(0x30, bomb.length, ...bomb);
    expect(ruleOf(() => requireDer(bomb))).to.equal("depth");
  });
});

describe("a signature in DER", () => {
  it("is two numbers, each as long as the curve's", () => {
    const flat = flatSignature(hexToBytes("0x3007020105020200ff"), "P-256");
    expect(flat).to.have.length(64);
    expect([flat[31], flat[63]]).to.deep.equal([5, 0xff]);
  });

  it("is not one number, three, a negative one, a larger one, or anything else", () => {
    const forms: readonly Hex[] = [
      "0x3003020105",
      "0x3009020105020105020105",
      "0x30060201050201ff",
      "0x3006020105040105",
      "0x3106020104020105",
      "0x0500",
    ];
    for (const hex of forms) expect(ruleOf(hex), hex).to.equal("shape");
    const large = Uint8Array.of(...hexToBytes("0x3026020105022101"), ...new Uint8Array(32));
    expect(ruleOfBytes(large)).to.equal("shape");
    expect(ruleOf("0x300702010502020005")).to.equal("value");
    expect(ruleOf("0x300602010502010500")).to.equal("trailing");
  });

  const ruleOf = (hex: Hex): DerRule => ruleOfBytes(hexToBytes(hex));

  function ruleOfBytes(bytes: Uint8Array): DerRule {
    try {
      flatSignature(bytes, "P-256");
    } catch (error) {
      if (error instanceof DerError) return error.because;
      throw error;
    }
    return expect.fail("it was read");
  }
});
