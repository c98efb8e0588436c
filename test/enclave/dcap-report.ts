import { expect } from "chai";

import { ExposedEnclaveError, readSgxReport, readTdReport, refuseExposed } from "../../src/enclave/dcap/report.ts";

const SGX_ATTRIBUTES = 48;
const TD_ATTRIBUTES = 120;
const SERVICE_DOMAIN = 600;

/** Why a report is refused; nothing, where it is not. */
function exposureOf(report: Parameters<typeof refuseExposed>[0]): string | undefined {
  try {
    refuseExposed(report);
    return undefined;
  } catch (error) {
    if (error instanceof ExposedEnclaveError) return error.because;
    throw error;
  }
}

/** @param bits Of the 64 at the offset, those that are set. */
function bytesWith(length: number, offset: number, bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(length);
  const flags = bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
  new DataView(bytes.buffer).setBigUint64(offset, flags, true);
  return bytes;
}

const enclaveWith = (...bits: readonly number[]) => readSgxReport(bytesWith(384, SGX_ATTRIBUTES, bits));
const domainWith = (...bits: readonly number[]) => readTdReport(bytesWith(584, TD_ATTRIBUTES, bits), "1.0");

describe("the attributes of an enclave of SGX", () => {
  it("are those of an enclave that was initialised, and of what it may use", () => {
    expect(exposureOf(enclaveWith(0))).to.equal(undefined);
    expect(exposureOf(enclaveWith(0, 2, 4, 5, 6, 7, 10))).to.equal(undefined);
    expect(exposureOf(enclaveWith(2))).to.equal("uninitialised");
  });

  it("never have debug, whatever else they have", () => {
    expect(exposureOf(enclaveWith(0, 1, 2))).to.equal("debug");
    expect(exposureOf(enclaveWith(1))).to.equal("debug");
  });

  it("have no bit that nobody has defined", () => {
    const defined = new Set([0, 1, 2, 4, 5, 6, 7, 10]);
    for (let bit = 0; bit < 64; bit += 1) {
      if (!defined.has(bit)) expect(exposureOf(enclaveWith(0, bit)), `bit ${bit}`).to.equal("unknown");
    }
  });
});

describe("the attributes of a trust domain of TDX", () => {
  it("guard it against its host, and say what it may use", () => {
    expect(exposureOf(domainWith(28))).to.equal(undefined);
    expect(exposureOf(domainWith(28, 30, 31, 63))).to.equal(undefined);
    expect(exposureOf(domainWith())).to.equal("unguarded");
  });

  it("never have debug, nor anything beside it", () => {
    for (let bit = 0; bit < 8; bit += 1) expect(exposureOf(domainWith(28, bit)), `bit ${bit}`).to.equal("debug");
  });

  it("do not let it move to another machine, and have no bit that nobody has defined", () => {
    const defined = new Set([28, 30, 31, 63]);
    for (let bit = 8; bit < 64; bit += 1) {
      if (!defined.has(bit)) expect(exposureOf(domainWith(28, bit)), `bit ${bit}`).to.equal("unknown");
    }
  });

  it("are of no domain that another serves, in version 1.5", () => {
    const bytes = bytesWith(648, TD_ATTRIBUTES, [28]);
    expect(exposureOf(readTdReport(bytes, "1.5"))).to.equal(undefined);
    for (const offset of [SERVICE_DOMAIN, 647]) {
      const served = Uint8Array.from(bytes);
      served[offset] = 1;
      expect(exposureOf(readTdReport(served, "1.5"))).to.equal("serviced");
    }
  });
});
