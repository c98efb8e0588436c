/** How up to date a quote's platform is, in all its parts. */
import type { Attested, Collateral } from "../evidence.ts";
import type { Certificate } from "../x509/certificate.ts";
import { evaluatePlatform } from "./evaluation.ts";
import type { Quote } from "./layout.ts";
import { judgeModule } from "./module.ts";
import { platformKindOf } from "./platform-certificate.ts";
import type { QuotingIdentity, TcbInfo } from "./published.ts";
import { readSgxReport, type Report } from "./report.ts";
import { mergeStatus, standingAt, type PartStanding } from "./standing.ts";

export type StatusTerms = {
  readonly quote: Quote;
  readonly collateral: Collateral;
  readonly platform: Certificate;
  readonly tcbInfo: TcbInfo;
  readonly identity: QuotingIdentity;
  /** Seconds of Unix time. */
  readonly now: number;
};

/** Judges a platform by what is published of its kind, all of which was verified before. */
export async function judgePlatform(terms: StatusTerms): Promise<NonNullable<Attested["tcb"]>> {
  const { quote, collateral, platform, tcbInfo, identity, now } = terms;
  requireKind(platform, tcbInfo);
  const modules = standingsOf(quote.report, tcbInfo, identity);
  const quoting = standingAt("quoting enclave", readSgxReport(quote.quotingReport).isvSvn, identity.tcbLevels);
  const evaluated = await evaluatePlatform({ quote: quote.exact, certificates: quote.certificates, collateral, now });
  // The library has taken the worse of the platform's status and the quoting enclave's, which hides whether the
  // platform needs to be configured besides: it is reported as if it did.
  const worst = quoting.status === "UpToDate" ? evaluated.status : "OutOfDateConfigurationNeeded";
  const status = modules.reduce((merged, part) => mergeStatus(merged, part.status), worst);
  return { status, advisories: [...new Set([evaluated, ...modules].flatMap(({ advisories }) => advisories))] };
}

function requireKind(platform: Certificate, { fmspc, pceId }: TcbInfo): void {
  const kind = platformKindOf(platform);
  const published = { fmspc: `0x${fmspc.toLowerCase()}`, pceId: `0x${pceId.toLowerCase()}` };
  if (kind.fmspc !== published.fmspc) throw new OtherCollateralError("kind of platform", kind.fmspc, published.fmspc);
  if (kind.pceId !== published.pceId) throw new OtherCollateralError("certifying enclave", kind.pceId, published.pceId);
}

/** Of the parts that only one of the two has. */
function standingsOf(report: Report, tcbInfo: TcbInfo, identity: QuotingIdentity): readonly PartStanding[] {
  const wanted = report.platform === "tdx" ? "TD_QE" : "QE";
  if (identity.id !== wanted) throw new OtherCollateralError("quoting enclave", wanted, identity.id);
  if (report.platform === "sgx") {
    if (tcbInfo.id !== "SGX") throw new OtherCollateralError("platform", "SGX", tcbInfo.id);
    return [];
  }
  if (tcbInfo.id !== "TDX") throw new OtherCollateralError("platform", "TDX", tcbInfo.id);
  return [judgeModule(report, tcbInfo)];
}

/** A collateral is genuine, and of another platform than the quote. */
export class OtherCollateralError extends Error {
  override readonly name = "OtherCollateralError";

  constructor(what: string, ofQuote: string, published: string) {
    super(`The quote's ${what} is ${ofQuote}, and the collateral's ${published}. Fetch the collateral of this quote.`);
  }
}
