import { expect } from "chai";

import {
  encodeInput,
  FieldLengthError,
  InputShapeError,
  MissingFieldError,
  UnknownFieldError,
} from "../../../src/model/bundle/input.ts";
import { FieldRangeError, FieldStepError, FieldTypeError } from "../../../src/model/codec.ts";
import type { FieldSource } from "../../../src/model/source.ts";
import { seededRandom, times } from "../../helpers/random.ts";

const FIELDS: readonly FieldSource[] = [
  { name: "width", unit: "cm", min: "-0.5", max: "12.3", step: "0.1" },
  { name: "pixel", min: "0", max: "255", step: "1", count: 3 },
  { name: "dose", unit: "g", min: "0", max: "0.0000015", step: "0.0000001" },
];

const GIVEN = { width: 1.2, pixel: [0, 128, 255], dose: 1e-7 };
const STEPS = [17, 0, 128, 255, 1];

type ErrorClass = new (...args: never[]) => Error;

describe("the input of a model", () => {
  const refuses = (given: unknown, error: ErrorClass, field: string, fields = FIELDS): void => {
    const call = (): number[] => encodeInput(fields, given);
    expect(call, JSON.stringify(given)).to.throw(error, field).with.property("field", field);
  };

  it("is taken by name or in order, as numbers or as decimals", () => {
    expect(encodeInput(FIELDS, GIVEN)).to.deep.equal(STEPS);
    expect(encodeInput(FIELDS, { dose: "1e-7", pixel: ["0", "128", "255"], width: "1.20" })).to.deep.equal(STEPS);
    expect(encodeInput(FIELDS, [1.2, 0, 128, 255, 1e-7])).to.deep.equal(STEPS);
    expect(encodeInput(FIELDS, { ...GIVEN, width: " +1.2e0 ", dose: "0.0000001" })).to.deep.equal(STEPS);
  });

  it("is taken at both ends of every field, and at every step of one, however it is written", () => {
    expect(encodeInput(FIELDS, { width: -0.5, pixel: [0, 0, 0], dose: -0 })).to.deep.equal([0, 0, 0, 0, 0]);
    expect(encodeInput(FIELDS, { width: 12.3, pixel: [255, 255, 255], dose: 1.5e-6 })).to.deep.equal([
      128, 255, 255, 255, 15,
    ]);
    for (let steps = 0; steps <= 128; steps++) {
      const written = ((steps - 5) / 10).toFixed(1);
      for (const width of [written, Number(written), `${written}000`, `${(steps - 5).toString()}e-1`]) {
        expect(encodeInput(FIELDS, { ...GIVEN, width })[0], String(width)).to.equal(steps);
      }
    }
  });

  it("is refused with a field that the model does not have", () => {
    refuses({ ...GIVEN, height: 1 }, UnknownFieldError, "height");
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "length"]) {
      const given: unknown = JSON.parse(JSON.stringify(GIVEN).replace("{", `{"${name}":1,`));
      refuses(given, UnknownFieldError, name);
    }
  });

  it("is refused without one that it has, even if every object has something by that name", () => {
    refuses({ width: 1, pixel: [1, 2, 3] }, MissingFieldError, "dose");
    refuses({}, MissingFieldError, "width");
    for (const name of ["constructor", "toString", "__proto__"]) {
      const fields = [{ name, min: "0", max: "7", step: "1" }];
      refuses({}, MissingFieldError, name, fields);
      expect(encodeInput(fields, JSON.parse(`{"${name}":3}`))).to.deep.equal([3]);
    }
  });

  it("is refused when it is neither an object nor a list", () => {
    for (const given of [null, undefined, 1, "width", true, Number.NaN, () => {}]) {
      expect(() => encodeInput(FIELDS, given)).to.throw(InputShapeError, '"width"');
    }
  });

  it("is refused with lists of another length, by the field's name", () => {
    for (const pixel of [[], [1, 2], [1, 2, 3, 4]]) refuses({ ...GIVEN, pixel }, FieldLengthError, "pixel");
    for (const given of [[], STEPS.slice(1), [...STEPS, 0]]) refuses(given, FieldLengthError, "the whole input");
  });

  it("is refused with what is no number, by the field's name", () => {
    const wrong = [null, undefined, true, false, {}, [], [1], "", " ", "abc", "1e", "e1", "0x10", "0b1", "1_0", "1,2"];
    const more = ["1.", ".5", "--1", "1e5000", "Infinity", "NaN", Number.NaN, Infinity, -Infinity, "½", "１", "1 2"];
    for (const value of [...wrong, ...more]) {
      refuses({ ...GIVEN, width: value }, FieldTypeError, "width");
      refuses({ ...GIVEN, pixel: [0, value, 0] }, FieldTypeError, "pixel[1]");
      refuses([value, 0, 0, 0, 0], FieldTypeError, "width");
    }
    for (const pixel of [5, "1,2,3", { 0: 1, 1: 2, 2: 3, length: 3 }, null]) {
      refuses({ ...GIVEN, pixel }, FieldTypeError, "pixel (a list of 3)");
    }
  });

  it("is refused out of range, and never clamped", () => {
    for (const width of [-0.6, 12.4, "1e999", "-1e999", 1e308, -5e-324 - 0.6, "99999999999999999999"]) {
      refuses({ ...GIVEN, width }, FieldRangeError, "width");
    }
    for (const value of [-1, 256, "255.0000000000000000001"]) {
      refuses({ ...GIVEN, pixel: [0, 0, value] }, FieldRangeError, "pixel[2]");
    }
    refuses({ ...GIVEN, dose: 1.6e-6 }, FieldRangeError, "dose");
  });

  it("is refused between two steps, and never rounded", () => {
    for (const width of [0.05, "1.2000000000000000000000001", 0.1 + 0.2, 1e-7, 5e-324, "1e-999"]) {
      refuses({ ...GIVEN, width }, FieldStepError, "width");
    }
    for (const value of [0.5, "254.9999999999999999999"]) {
      refuses({ ...GIVEN, pixel: [value, 0, 0] }, FieldStepError, "pixel[0]");
    }
    refuses({ ...GIVEN, dose: 1.5e-7 }, FieldStepError, "dose");
  });

  it("arrives as the same integers whatever the order of its names", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 100; round++) {
      const fields = times(5, (at) => ({ name: `f${at}`, min: "0", max: "1023", step: "1" }));
      const values = fields.map(({ name }) => [name, random.below(1024)] as const);
      const shuffled = values.toSorted(() => random.below(3) - 1);
      expect(encodeInput(fields, Object.fromEntries(shuffled))).to.deep.equal(values.map(([, value]) => value));
    }
  });
});
