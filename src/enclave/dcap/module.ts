/** The module of Intel's that keeps trust domains from their host, by what a quote says of it and Intel publishes. */
import { hexToBytes } from "viem";

import { isSame } from "../x509/asn1.ts";
import type { TdxTcbInfo } from "./published.ts";
import type { TdReport } from "./report.ts";
import { RefusedPartError, standingAt, type PartStanding } from "./standing.ts";

const PART = "TDX module";

/** The first modules have no levels of their own: the platform's say it all. */
const FIRST_MODULES: PartStanding = { status: "UpToDate", advisories: [] };

/** Checks that the module is Intel's own, and how up to date it is. */
export function judgeModule({ teeTcbSvn, mrSignerSeam, seamAttributes }: TdReport, info: TdxTcbInfo): PartStanding {
  const [isvSvn = 0, version = 0] = teeTcbSvn;
  const id = `TDX_${version.toString(16).toUpperCase().padStart(2, "0")}`;
  const identity = version === 0 ? undefined : info.tdxModuleIdentities?.find((each) => each.id === id);
  if (version !== 0 && identity === undefined) throw new RefusedPartError(PART, `Intel lists no ${id}`);
  const { mrsigner, attributes, attributesMask } = identity ?? info.tdxModule;
  if (!isSame(mrSignerSeam, hexToBytes(`0x${mrsigner}`))) {
    throw new RefusedPartError(PART, "another signed it than Intel says");
  }
  const mask = hexToBytes(`0x${attributesMask}`);
  const masked = seamAttributes.map((byte, index) => byte & (mask[index] ?? 0));
  if (!isSame(masked, hexToBytes(`0x${attributes}`))) {
    throw new RefusedPartError(PART, "it has other attributes than Intel says");
  }
  return identity === undefined ? FIRST_MODULES : standingAt(PART, isvSvn, identity.tcbLevels);
}
