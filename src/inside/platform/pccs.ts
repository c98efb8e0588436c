/** What verifies a quote of Intel's, from a caching service (PCCS, version 4 of its API) of the operator's choice. */
import type { IncomingHttpHeaders } from "node:http";

import { readPem } from "../../enclave/dcap/pem.ts";
import { platformKindOf } from "../../enclave/dcap/platform-certificate.ts";
import type { Collateral } from "../../enclave/evidence.ts";
import { parseCertificate } from "../../enclave/x509/certificate.ts";
import { ask, WrongAnswerError, type Answer, type Service } from "./ask.ts";

export type PccsSettings = {
  /** For example `https://pccs.phala.network`. */
  readonly url: string;
  readonly withinMs: number;
};

/** A platform, as the service files what Intel publishes about it. */
type PlatformKey = { readonly family: string; readonly authority: "platform" | "processor" };

const MOST_BYTES = 262_144;
const HEX = /^([0-9a-fA-F]{2})+$/;

/** Intel publishes anew every month, and at once after an attack. */
const KEEP_MS = 3_600_000;

/**
 * Gets what verifies quotes with this chain of certificates; keeps it for an hour. `@phala/dcap-qvl` has a function for
 * that too, which reads every answer to its end, and asks for the list of the processors' authority whatever the chain.
 */
export function collateralFrom({ url, withinMs }: PccsSettings): (chain: string) => Promise<Collateral> {
  const service: Service = {
    name: `PCCS at ${url}`,
    advice: "Name one that knows this platform, as `pccs` in the settings.",
  };
  const kept = new Map<string, { readonly collateral: Collateral; readonly until: number }>();
  const get = (path: string): Promise<Answer> =>
    ask(service, { method: "GET", url: new URL(`${url.replace(/\/$/, "")}/${path}`), mostBytes: MOST_BYTES, withinMs });

  return async (chain) => {
    const now = performance.now();
    const { family, authority } = keyOf(chain, service);
    const known = kept.get(`${family} ${authority}`);
    if (known !== undefined && now < known.until) return known.collateral;
    const [pckCrl, rootCrl, tcb, qe] = await Promise.all([
      get(`sgx/certification/v4/pckcrl?ca=${authority}&encoding=der`),
      get("sgx/certification/v4/rootcacrl"),
      get(`tdx/certification/v4/tcb?fmspc=${family}`),
      get("tdx/certification/v4/qe/identity?update=standard"),
    ]);
    const tcbInfo = signedPart(tcb, "tcbInfo", service);
    const qeIdentity = signedPart(qe, "enclaveIdentity", service);
    const collateral: Collateral = {
      pck_crl_issuer_chain: issuersIn(pckCrl.headers, ["sgx-pck-crl-issuer-chain"], service),
      root_ca_crl: hexIn(rootCrl, service),
      pck_crl: pckCrl.body.toString("hex"),
      // Services older than the API's version 4 wrote it with a prefix.
      tcb_info_issuer_chain: issuersIn(tcb.headers, ["tcb-info-issuer-chain", "sgx-tcb-info-issuer-chain"], service),
      tcb_info: tcbInfo.text,
      tcb_info_signature: tcbInfo.signature,
      qe_identity_issuer_chain: issuersIn(qe.headers, ["sgx-enclave-identity-issuer-chain"], service),
      qe_identity: qeIdentity.text,
      qe_identity_signature: qeIdentity.signature,
    };
    kept.clear();
    kept.set(`${family} ${authority}`, { collateral, until: now + KEEP_MS });
    return collateral;
  };
}

/** From the platform's own certificate, and its issuer's behind it. */
function keyOf(chain: string, service: Service): PlatformKey {
  const [platform, issuer] = readPem(chain, "platform's chain").map((der) => parseCertificate(der));
  if (platform === undefined) throw new WrongAnswerError(service, "the quote names no platform");
  const family = platformKindOf(platform).fmspc.slice(2).toUpperCase();
  const authority = issuer?.commonName === "Intel SGX PCK Processor CA" ? "processor" : "platform";
  return { family, authority };
}

/** The text that was signed: what Intel signs has no spaces, whatever came around it. */
function signedPart(
  { body }: Answer,
  part: "tcbInfo" | "enclaveIdentity",
  service: Service,
): { readonly text: string; readonly signature: string } {
  const parsed = parseJson(body.toString("utf8"));
  const signed = parsed?.[part];
  const signature = parsed?.["signature"];
  if (typeof signed !== "object" || signed === null || typeof signature !== "string") {
    throw new WrongAnswerError(service, `its answer has no ${part} with a signature`);
  }
  return { text: JSON.stringify(signed), signature: signature.toLowerCase() };
}

function issuersIn(headers: IncomingHttpHeaders, names: readonly string[], service: Service): string {
  const found = names.map((name) => headers[name]).find((value) => typeof value === "string");
  if (typeof found !== "string") throw new WrongAnswerError(service, `its answer has no header ${names[0]}`);
  return decode(found, service);
}

/** This one list the service gives as text. */
function hexIn({ body }: Answer, service: Service): string {
  const text = body.toString("latin1").trim();
  if (!HEX.test(text)) throw new WrongAnswerError(service, "its list of the root is not in hex");
  return text.toLowerCase();
}

function decode(value: string, service: Service): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new WrongAnswerError(service, "its chain of certificates is not encoded for an address");
  }
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
