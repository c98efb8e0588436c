/** Quotes of Intel's SGX and TDX: that a real enclave made them, which code runs in it, and what it was made over. */
import { bytesToHex, type Hex } from "viem";

import { readQuote } from "./dcap/layout.ts";
import { readQuotingIdentity, readTcbInfo } from "./dcap/published.ts";
import { refuseExposed, type Report } from "./dcap/report.ts";
import { checkPlatformSignature, checkQuotingEnclave } from "./dcap/signatures.ts";
import { judgePlatform } from "./dcap/status.ts";
import {
  checkPlatformChain,
  checkPublication,
  refuseRevoked,
  type PlatformChain,
  type VouchingTerms,
} from "./dcap/vouching.ts";
import type { Anchors, Attested, Collateral } from "./evidence.ts";
import type { Measurement } from "./measurement.ts";
import { REAL_ROOTS } from "./roots.ts";

/**
 * Verifies a quote up to a root that is pinned, by what Intel publishes about its platform.
 * Nothing is read before whoever vouches for it was checked, but what leads there.
 */
export async function verifyDcap(
  document: Uint8Array,
  collateral: Collateral,
  { simulatedRoots = [], now }: Anchors,
): Promise<Attested> {
  const quote = readQuote(document);
  const { report, certificates } = quote;
  refuseExposed(report);
  await checkQuotingEnclave(quote);
  refuseOtherChain(collateral, certificates);
  const chain = await checkPlatformChain(certificates, { roots: [REAL_ROOTS.dcap, ...simulatedRoots], now });
  await checkPlatformSignature(quote, chain.platform.key);
  await checkCollateral(collateral, chain, now);
  const tcbInfo = readTcbInfo(collateral.tcb_info, now);
  const identity = readQuotingIdentity(collateral.qe_identity, now);
  const tcb = await judgePlatform({ quote, collateral, platform: chain.platform, tcbInfo, identity, now });
  return {
    measurement: measurementOf(report, chain.root),
    isSimulated: chain.root !== REAL_ROOTS.dcap,
    bound: { kind: "report-data", reportData: bytesToHex(report.reportData) },
    madeAt: undefined,
    tcb,
  };
}

/** The platform's chain stands in the quote. Where it stands beside it as well, copied with its last zero, it is the same. */
function refuseOtherChain({ pck_certificate_chain: beside }: Collateral, certificates: string): void {
  if (beside !== undefined && beside !== certificates && beside !== `${certificates}\0`) throw new TwoChainsError();
}

/** Checks who signed each part of a collateral. All of it goes back to the root of the platform's own chain. */
async function checkCollateral(collateral: Collateral, chain: PlatformChain, now: number): Promise<void> {
  const terms: VouchingTerms = { roots: [chain.root], now };
  const publishers = [
    await checkPublication(
      {
        name: "TCB info",
        text: collateral.tcb_info,
        signature: collateral.tcb_info_signature,
        issuerChain: collateral.tcb_info_issuer_chain,
      },
      terms,
    ),
    await checkPublication(
      {
        name: "quoting enclave's identity",
        text: collateral.qe_identity,
        signature: collateral.qe_identity_signature,
        issuerChain: collateral.qe_identity_issuer_chain,
      },
      terms,
    ),
  ];
  const lists = {
    root: collateral.root_ca_crl,
    platforms: collateral.pck_crl,
    issuerChain: collateral.pck_crl_issuer_chain,
  };
  await refuseRevoked(lists, chain, publishers, terms);
}

function measurementOf(report: Report, root: Hex): Measurement {
  if (report.platform === "sgx") {
    return { platform: "sgx", root, registers: { mrenclave: bytesToHex(report.mrEnclave) } };
  }
  const [rtmr0, rtmr1, rtmr2, rtmr3] = report.rtMr;
  return {
    platform: "tdx",
    root,
    registers: {
      mrtd: bytesToHex(report.mrTd),
      rtmr0: bytesToHex(rtmr0),
      rtmr1: bytesToHex(rtmr1),
      rtmr2: bytesToHex(rtmr2),
      rtmr3: bytesToHex(rtmr3),
    },
  };
}

/** A quote and its collateral name different chains of one platform. */
export class TwoChainsError extends Error {
  override readonly name = "TwoChainsError";

  constructor() {
    super("The collateral has another certificate chain of the platform than the quote. Leave it to the quote.");
  }
}
