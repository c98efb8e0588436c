import { expect } from "chai";

import {
  BadCodecError,
  decode,
  decodeNumber,
  encode,
  encodeNearest,
  FieldRangeError,
  FieldStepError,
  FieldTypeError,
  widthOf,
  type FieldCodec,
} from "../../src/model/codec.ts";
import { divide, NotADecimalError, rationalFrom, rationalOf, toNumber, readable } from "../../src/model/rational.ts";

const LENGTH: FieldCodec = { name: "length", unit: "cm", min: "-0.5", max: "7.9", step: "0.1" };

describe("a field's codec", () => {
  it("goes from decimals to steps and back, exactly", () => {
    for (let steps = 0; steps <= 84; steps++) {
      const text = ((steps - 5) / 10).toFixed(1);
      expect(encode(LENGTH, text)).to.equal(steps);
      expect(encode(LENGTH, Number(text))).to.equal(steps);
      expect(decodeNumber(LENGTH, steps)).to.equal(Number(text));
      expect(decode(LENGTH, steps)).to.deep.equal(rationalFrom(text));
    }
  });

  it("takes as many bits as its last step", () => {
    expect(widthOf(LENGTH)).to.equal(7);
    expect(widthOf({ ...LENGTH, min: "0", max: "12.7" })).to.equal(7);
    expect(widthOf({ ...LENGTH, min: "0", max: "12.8" })).to.equal(8);
    expect(widthOf({ ...LENGTH, min: "0", max: "1", step: "1" })).to.equal(1);
  });

  it("refuses, and never clamps, what is outside", () => {
    for (const value of ["-0.6", "8", 8, -1, "1e3", "-1e9"]) {
      expect(() => encode(LENGTH, value), String(value)).to.throw(FieldRangeError, "length takes -0.5 to 7.9 cm");
    }
  });

  it("refuses more decimals than the field has", () => {
    for (const value of ["0.05", "0.1000000001", 0.15]) {
      expect(() => encode(LENGTH, value), String(value)).to.throw(FieldStepError, "steps of 0.1 cm");
    }
    expect(encode(LENGTH, "0.1000")).to.equal(6);
  });

  it("refuses what is no number", () => {
    const values: readonly unknown[] = ["", "one", "0x10", "1,5", "NaN", Number.NaN, Infinity, "1e9999"];
    for (const value of [...values, null, undefined, {}, [1], true]) {
      expect(() => encode(LENGTH, value as string), JSON.stringify(value)).to.throw(FieldTypeError, "length");
    }
  });

  it("refuses a range that is empty, or no whole number of steps", () => {
    for (const ends of [{ max: "-0.5" }, { max: "-1" }, { max: "7.95" }, { step: "0.9" }]) {
      expect(() => widthOf({ ...LENGTH, ...ends }), JSON.stringify(ends)).to.throw(BadCodecError);
    }
  });

  it("takes data for calibration to the nearest step inside", () => {
    expect([-9, 0.14, 0.16, 99].map((value) => encodeNearest(LENGTH, value))).to.deep.equal([0, 6, 7, 84]);
  });
});

describe("a fraction", () => {
  it("is read from a decimal, in lowest terms", () => {
    expect(rationalFrom("-12.50")).to.deep.equal({ numerator: -25n, denominator: 2n });
    expect(rationalFrom("3e-4")).to.deep.equal({ numerator: 3n, denominator: 10_000n });
    expect(rationalFrom("+1.5E2")).to.deep.equal({ numerator: 150n, denominator: 1n });
    expect(rationalFrom("-0")).to.deep.equal({ numerator: 0n, denominator: 1n });
    for (const text of ["", ".", "1.", ".5", "1e", "--1", "1_0"]) {
      expect(() => rationalFrom(text), text).to.throw(NotADecimalError);
    }
  });

  it("becomes the double that the decimal is", () => {
    for (const text of ["0.1", "0.3", "123456789.987654321", "-1e-20", "9007199254740993", "2.5e40", "0"]) {
      expect(toNumber(rationalFrom(text)), text).to.equal(Number(text));
    }
  });

  it("is shown as a decimal where that ends", () => {
    const shown = ["127/10", "1/3", "-1/8", "5", "0", "-0.05", "1/1024", "3/35"].map(readable);
    expect(shown).to.deep.equal(["12.7", "1/3", "-0.125", "5", "0", "-0.05", "0.0009765625", "3/35"]);
  });

  it("is exactly what a double is", () => {
    for (const value of [0, 0.1, -0.75, 2 ** -1074, 1e300, 123.456]) {
      expect(toNumber(rationalOf(value))).to.equal(value);
    }
    expect(divide(rationalOf(0.5), rationalOf(-0.25))).to.deep.equal({ numerator: -2n, denominator: 1n });
  });
});
