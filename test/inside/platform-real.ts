import { expect } from "chai";
import { join } from "node:path";
import { bytesToHex, concat, slice, type Hex } from "viem";

import { readQuote } from "../../src/enclave/dcap/layout.ts";
import { collateralSchema, type Collateral } from "../../src/enclave/evidence.ts";
import { dstackPlatform } from "../../src/inside/platform/dstack-socket.ts";
import { nitroPlatform } from "../../src/inside/platform/nitro-sidecar.ts";
import { nitroVector, readVector } from "../enclave/vectors.ts";
import { errorOf } from "../helpers/errors.ts";
import { answering, answeringOn, end, withFolder } from "./platform-answers.ts";

/** What nitriding bound into the real document: its program's hash, and a nonce. */
const STATEMENT: Hex = "0xabf9d7453422eb419fc1391604b070a81bd6a61f4d9ae0ee71ab24d77670c154";
const NONCE: Hex = "0x0123456789abcdef0123456789abcdef01234567";

/** As a PCCS gives the parts of a collateral, by their paths. */
function published(
  collateral: Collateral,
): Readonly<Record<string, readonly [body: string | Buffer, header?: string]>> {
  return {
    "/sgx/certification/v4/rootcacrl": [collateral.root_ca_crl.toUpperCase()],
    "/sgx/certification/v4/pckcrl?ca=platform&encoding=der": [
      Buffer.from(collateral.pck_crl, "hex"),
      collateral.pck_crl_issuer_chain,
    ],
    "/tdx/certification/v4/tcb?fmspc=B0C06F000000": [
      `{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`,
      collateral.tcb_info_issuer_chain,
    ],
    "/tdx/certification/v4/qe/identity?update=standard": [
      `{"enclaveIdentity":${collateral.qe_identity},"signature":"${collateral.qe_identity_signature}"}`,
      collateral.qe_identity_issuer_chain,
    ],
  };
}

describe("attesting on a real platform", () => {
  it("takes the real Nitro document from a side-car, over what stands in it", async function () {
    const { document } = nitroVector(this);
    const { url, server } = await answering((request, response) => {
      response.end(request.method === "GET" ? `${Buffer.from(document).toString("base64")}\n` : "");
    });
    const platform = nitroPlatform({ internal: url, external: url });
    const attested = await platform.attest(STATEMENT, concat([NONCE, slice(STATEMENT, 0, 12)]));
    await end(server);
    expect(bytesToHex(attested.document)).to.equal(bytesToHex(document));
  });

  it("takes the real quote of TDX from an agent, and finds its platform's collateral", async function () {
    const quote = readVector(this, "tdx/quote.bin");
    const text = new TextDecoder().decode(readVector(this, "tdx/collateral.json"));
    const collateral = collateralSchema.parse(JSON.parse(text));
    const parts = published(collateral);
    const pccs = await answering((request, response) => {
      const [body, chain] = parts[request.url ?? ""] ?? [];
      const names = ["sgx-pck-crl-issuer-chain", "sgx-tcb-info-issuer-chain", "sgx-enclave-identity-issuer-chain"];
      if (chain !== undefined) for (const name of names) response.setHeader(name, encodeURIComponent(chain));
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    const attested = await withFolder(async (folder) => {
      const socket = join(folder, "dstack.sock");
      const body = JSON.stringify({ quote: Buffer.from(quote).toString("hex"), event_log: "[]" });
      const agent = await answeringOn(socket, (_, response) => response.end(body));
      const reportData = bytesToHex(readQuote(quote).report.reportData);
      const platform = dstackPlatform({ socket, pccs: pccs.url });
      const answer = await platform.attest(slice(reportData, 0, 32), slice(reportData, 32));
      await end(agent);
      return answer;
    });
    await end(pccs.server);
    expect(bytesToHex(attested.document)).to.equal(bytesToHex(quote));
    expect(attested.collateral).to.deep.equal(collateral);
  });

  it("takes no quote of SGX from an agent, whatever it is over", async function () {
    const quote = readVector(this, "sgx/quote.bin");
    const body = JSON.stringify({ quote: Buffer.from(quote).toString("hex") });
    const error = await withFolder(async (folder) => {
      const socket = join(folder, "dstack.sock");
      const agent = await answeringOn(socket, (_, response) => response.end(body));
      const reportData = bytesToHex(readQuote(quote).report.reportData);
      const platform = dstackPlatform({ socket, pccs: "http://127.0.0.1:1" });
      const refused = await errorOf(platform.attest(slice(reportData, 0, 32), slice(reportData, 32)));
      await end(agent);
      return refused;
    });
    expect(error).to.include({ name: "WrongAnswerError" });
  });
});
