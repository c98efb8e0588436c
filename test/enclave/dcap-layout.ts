import { expect } from "chai";

import { MalformedQuoteError, readQuote } from "../../src/enclave/dcap/layout.ts";
import { describeVector } from "./dcap-vectors.ts";

const HEADER = 48;
const TD_REPORT = 584;
const SGX_REPORT = 384;

/** A quote of version 4 in the form of version 5, with so many bytes more in its report. */
function inVersion5(quote: Uint8Array, kind: number, size: number, more = new Uint8Array(0)): Uint8Array {
  const kindAndSize = new Uint8Array(6);
  const view = new DataView(kindAndSize.buffer);
  view.setUint16(0, kind, true);
  view.setUint32(2, size, true);
  const end = HEADER + TD_REPORT;
  const parts = [Uint8Array.of(5), quote.subarray(1, HEADER), kindAndSize, quote.subarray(HEADER, end), more];
  return Uint8Array.from(Buffer.concat([...parts, quote.subarray(end)]));
}

describe("readQuote", () => {
  describeVector("tdx", "of a quote in version 5", (vector) => {
    it("finds the same report at its other place, and what was signed", () => {
      const { quote } = vector();
      const [four, five] = [readQuote(quote), readQuote(inVersion5(quote, 2, TD_REPORT))];
      expect(five.report).to.deep.equal(four.report);
      expect(five.signed).to.have.length(four.signed.length + 6);
      expect(five.certificates).to.equal(four.certificates);
    });

    it("finds a longer report, whose end says which domain serves it", () => {
      const { quote } = vector();
      const more = Uint8Array.from({ length: 64 }, (_, index) => (index < 16 ? 6 : 9));
      const { report, signed } = readQuote(inVersion5(quote, 3, TD_REPORT + 64, more));
      expect(report).to.deep.equal({ ...readQuote(quote).report, mrServiceTd: new Uint8Array(48).fill(9) });
      expect(signed).to.have.length(HEADER + 6 + TD_REPORT + 64);
    });

    it("refuses a report of another kind or size", () => {
      const { quote } = vector();
      for (const [kind, size] of [
        [1, SGX_REPORT],
        [1, TD_REPORT],
        [4, TD_REPORT],
        [2, TD_REPORT - 1],
        [2, TD_REPORT + 64],
        [3, TD_REPORT],
        [2, 2 ** 32 - 1],
      ] as const) {
        expect(() => readQuote(inVersion5(quote, kind, size)), `${kind} ${size}`).to.throw(MalformedQuoteError);
      }
    });

    it("refuses every other version, key type, platform and vendor", () => {
      const { quote } = vector();
      for (const [offset, values] of [
        [0, [0, 1, 2, 3, 6]],
        [1, [1]],
        [2, [0, 1, 3]],
        [4, [0, 1, 0x80]],
        [12, [0]],
      ] as const) {
        for (const value of values) {
          expect(() => readQuote(quote.with(offset, value)), `${offset} ${value}`).to.throw(MalformedQuoteError);
        }
      }
    });
  });

  it("refuses what is far too long, unread, and what is nothing", () => {
    expect(() => readQuote(new Uint8Array(16_385))).to.throw("above 16384");
    expect(() => readQuote(new Uint8Array(0))).to.throw("0 are left");
  });
});
