import { deflateRawSync } from "node:zlib";

import { expect } from "chai";

import { DataFormatError, HeadError, readRows, RowSizeError, RowValueError } from "../../src/model/data.ts";
import { NumpyFormatError, readNpz } from "../../src/model/npz.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An array as NumPy stores it. */
function npy(type: string, shape: string, numbers: ArrayBufferView): Buffer {
  const head = Buffer.from(`{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }\n`);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(head.length);
  const data = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return Buffer.concat([Buffer.from([0x93]), Buffer.from("NUMPY"), Buffer.from([1, 0]), length, head, data]);
}

/** A zip archive of files, each compressed or stored. */
function zip(files: Record<string, Buffer>, isCompressed: boolean): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = isCompressed ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(isCompressed ? 8 : 0, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    entry.write(name, 46);
    locals.push(local, packed);
    directory.push(entry);
    at += local.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

describe("rows of data", () => {
  const ROWS = [
    { inputs: [1, 2.5], answer: "a" },
    { inputs: [-3, 4e2], answer: "b" },
  ];

  it("come from CSV, with the answer in a column of that name", () => {
    expect(readRows("rows.csv", bytes("x,answer,y\n1,a,2.5\r\n\n -3 , b , 4e2\n"), ["x", "y"])).to.deep.equal(ROWS);
    expect(readRows("rows.csv", bytes("x,y\n1,2\n"), ["x", "y"])).to.deep.equal([
      { inputs: [1, 2], answer: undefined },
    ]);
  });

  it("come from JSON, however deep the inputs are nested", () => {
    const text = JSON.stringify({
      inputs: [
        [[1], [2.5]],
        [-3, 400],
      ],
      answers: ["a", "b"],
    });
    expect(readRows("rows.JSON", bytes(text), ["x", "y"])).to.deep.equal(ROWS);
  });

  it("come from npz, compressed or not, of any type of number", () => {
    for (const [type, numbers] of [
      ["<f8", Float64Array.of(1, 2, 3, 4)],
      ["<f4", Float32Array.of(1, 2, 3, 4)],
      ["<i8", BigInt64Array.of(1n, 2n, 3n, 4n)],
      ["<i4", Int32Array.of(1, 2, 3, 4)],
      ["|u1", Uint8Array.of(1, 2, 3, 4)],
    ] as const) {
      for (const isCompressed of [false, true]) {
        const files = { "x.npy": npy(type, "(2, 2)", numbers), "y.npy": npy("|u1", "(2,)", Uint8Array.of(7, 8)) };
        expect(readRows("rows.npz", zip(files, isCompressed), ["x", "y"]), type).to.deep.equal([
          { inputs: [1, 2], answer: "7" },
          { inputs: [3, 4], answer: "8" },
        ]);
      }
    }
  });

  it("are refused when one is too long or too short, or has something that is no finite number", () => {
    expect(() => readRows("rows.csv", bytes("x,y\n1,2\n1\n"), ["x", "y"])).to.throw(
      RowSizeError,
      "Row 2 of rows.csv has 1",
    );
    expect(() => readRows("rows.csv", bytes("x,y\n1,2\n"), ["x", "y", "z"])).to.throw(HeadError, "2 columns");
    expect(() => readRows("rows.csv", bytes("y,answer,x\n1,a,2\n"), ["x", "y"])).to.throw(HeadError, 'called "y"');
    expect(() => readRows("rows.json", bytes('{"inputs":[[1,2]]}'), ["x", "y", "z"])).to.throw(
      RowSizeError,
      "3 are expected",
    );
    for (const cell of ["", "one", "NaN", "Infinity"]) {
      expect(() => readRows("rows.csv", bytes(`x,y\n1,${cell}\n`), ["x", "y"]), cell).to.throw(
        RowValueError,
        "column 2",
      );
    }
  });

  it("are refused in a form that is not known", () => {
    expect(() => readRows("rows.xls", bytes(""), ["x", "y"])).to.throw(DataFormatError, ".csv");
    for (const text of ["{", "[]", "null", '{"inputs":5}', '{"inputs":[5]}', '{"inputs":[[1,2]],"answers":[]}']) {
      expect(() => readRows("rows.json", bytes(text), ["x", "y"]), text).to.throw(DataFormatError);
    }
  });

  it("never crash on an archive that is damaged", () => {
    const whole = zip({ "x.npy": npy("<f8", "(2, 2)", Float64Array.of(1, 2, 3, 4)) }, true);
    for (let length = 0; length < whole.length; length++) {
      expect(() => readNpz(whole.subarray(0, length)), String(length)).to.throw(NumpyFormatError);
    }
    expect(() => readNpz(zip({ "x.npy": npy("<c16", "(1,)", Float64Array.of(1, 2)) }, false))).to.throw(
      NumpyFormatError,
    );
    expect(() => readNpz(zip({ "x.npy": Buffer.from("text") }, false))).to.throw(NumpyFormatError);
  });
});
