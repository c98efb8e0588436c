/** Serves collateral as Intel's caching service does (PCCS, version 4 of its API): bodies, and issuers in headers. */
import { createServer } from "node:http";

import { close, listenOnPort } from "./loopback.ts";
import { replying, type Reply } from "./replies.ts";
import { FMSPC } from "./tcb.ts";
import type { SimulatedTdx } from "./tdx.ts";

export type ServedPccs = { readonly url: string; readonly close: () => Promise<void> };

export async function servePccs(tdx: SimulatedTdx): Promise<ServedPccs> {
  const server = createServer(replying(async (_, url) => answerTo(tdx, url)));
  return { url: `http://127.0.0.1:${await listenOnPort(server)}`, close: () => close(server) };
}

function answerTo(tdx: SimulatedTdx, { pathname, searchParams }: URL): Reply {
  const collateral = tdx.collateral();
  const route = pathname.replace("/certification/v4/", " ");
  if (route === "/sgx rootcacrl") return { status: 200, body: collateral.root_ca_crl };
  // The one PCK certificate there is comes from the platform's authority: there is no list of the processor's.
  if (route === "/sgx pckcrl" && searchParams.get("ca") === "platform") {
    const isDer = searchParams.get("encoding") === "der";
    const list = isDer ? Buffer.from(collateral.pck_crl, "hex") : collateral.pck_crl;
    return signed(list, "SGX-PCK-CRL-Issuer-Chain", collateral.pck_crl_issuer_chain);
  }
  if (route === "/tdx tcb" && searchParams.get("fmspc") === FMSPC.toString("hex").toUpperCase()) {
    const body = `{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`;
    return signed(body, "TCB-Info-Issuer-Chain", collateral.tcb_info_issuer_chain);
  }
  if (route === "/tdx qe/identity") {
    const body = `{"enclaveIdentity":${collateral.qe_identity},"signature":"${collateral.qe_identity_signature}"}`;
    return signed(body, "SGX-Enclave-Identity-Issuer-Chain", collateral.qe_identity_issuer_chain);
  }
  return { status: 404, body: "No cache data for this platform." };
}

function signed(body: string | Uint8Array, header: string, chain: string): Reply {
  return { status: 200, headers: { [header]: encodeURIComponent(chain) }, body };
}
