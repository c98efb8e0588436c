import { createHash } from "node:crypto";

import { expect } from "chai";

import type { Quote } from "../../src/enclave/dcap/layout.ts";
import { ExposedEnclaveError } from "../../src/enclave/dcap/report.ts";
import { checkPlatformSignature, checkQuotingEnclave, QuoteSignatureError } from "../../src/enclave/dcap/signatures.ts";
import { errorOf } from "../helpers/errors.ts";

const REPORT = 384;
const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function newKey() {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  return { ...pair, point: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

type Key = Awaited<ReturnType<typeof newKey>>;

const sign = async ({ privateKey }: Key, message: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.sign(P256, privateKey, message));

describe("a quoting enclave", () => {
  let quote: Quote;
  let platform: Key;
  let own: Key;

  /** Its report over some data, as the platform signs it. */
  async function reporting(reportData: Uint8Array, attributes: number): Promise<Quote> {
    const quotingReport = new Uint8Array(REPORT);
    quotingReport.set([attributes], 48);
    quotingReport.set(reportData, 320);
    return { ...quote, quotingReport, quotingSignature: await sign(platform, quotingReport) };
  }

  const boundTo = (...parts: readonly Uint8Array[]): Uint8Array =>
    createHash("sha256").update(Buffer.concat(parts)).digest();

  const faultOf = async (changed: Quote): Promise<unknown> => {
    const error = await errorOf(checkQuotingEnclave(changed));
    return error instanceof QuoteSignatureError ? error.part : error;
  };

  before(async () => {
    [platform, own] = [await newKey(), await newKey()];
    const signed = new Uint8Array(48 + REPORT).fill(1);
    const none = new Uint8Array(0);
    quote = {
      report: { platform: "sgx", attributes: none, mrEnclave: none, isvSvn: 0, reportData: none },
      signed,
      signature: await sign(own, signed),
      attestationKey: own.point.slice(1),
      quotingReport: none,
      quotingSignature: none,
      quotingData: new Uint8Array(32).fill(2),
      certificates: "",
      exact: none,
    };
    quote = await reporting(boundTo(quote.attestationKey, quote.quotingData), 1);
  });

  it("is believed when its platform signed its report, its report is over its key, and its key signed the quote", async () => {
    await checkQuotingEnclave(quote);
    await checkPlatformSignature(quote, { curve: "P-256", point: platform.point });
  });

  it("is not believed with another key, another quote, or a key that is no point", async () => {
    const other = await newKey();
    expect(await faultOf({ ...quote, attestationKey: other.point.slice(1) })).to.equal("quote");
    expect(await faultOf({ ...quote, signed: quote.signed.with(0, 9) })).to.equal("quote");
    expect(await faultOf({ ...quote, attestationKey: new Uint8Array(64) })).to.equal("quote");
    expect(await faultOf({ ...quote, signature: new Uint8Array(64) })).to.equal("quote");
    const signature = await sign(other, quote.signed);
    expect(await faultOf({ ...quote, attestationKey: other.point.slice(1), signature })).to.equal("key");
  });

  it("is not believed with a report over other data, or over more than its key", async () => {
    expect(await faultOf({ ...quote, quotingData: new Uint8Array(32) })).to.equal("key");
    const bound = boundTo(quote.attestationKey, quote.quotingData);
    expect(await faultOf(await reporting(Buffer.concat([bound, new Uint8Array(31), Uint8Array.of(1)]), 1))).to.equal(
      "key",
    );
    expect(await faultOf(await reporting(boundTo(quote.attestationKey), 1))).to.equal("key");
    expect(await faultOf(await reporting(bound, 1 | 2))).to.be.instanceOf(ExposedEnclaveError);
  });

  it("is not believed when another platform signed its report", async () => {
    const error = await errorOf(checkPlatformSignature(quote, { curve: "P-256", point: own.point }));
    expect(error).to.be.instanceOf(QuoteSignatureError).with.property("part", "report");
  });
});
