/** How up to date a platform is, by the worst of its parts. */
import type { TcbStatus } from "../evidence.ts";
import type { PartLevels, PartStatus } from "./published.ts";

/** How up to date a part of a platform is, and what its maker says about that. */
export type PartStanding = { readonly status: Exclude<PartStatus, "Revoked">; readonly advisories: readonly string[] };

/** The first level that a part reaches; they stand in descending order. @param part Its name, for complaints. */
export function standingAt(part: string, isvSvn: number, levels: PartLevels): PartStanding {
  const level = levels.find(({ tcb }) => isvSvn >= tcb.isvsvn);
  if (level === undefined) throw new RefusedPartError(part, `Intel lists nothing as old as its version ${isvSvn}`);
  const { tcbStatus: status, advisoryIDs: advisories = [] } = level;
  if (status === "Revoked") throw new RefusedPartError(part, `Intel has revoked its version ${isvSvn}`);
  return { status, advisories };
}

const OF_OUTDATED_PART: Readonly<Record<TcbStatus, TcbStatus>> = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
};

/** A platform's status with one of its parts taken into account, as Intel's own verifier merges the two. */
export function mergeStatus(platform: TcbStatus, part: PartStanding["status"]): TcbStatus {
  return part === "UpToDate" ? platform : OF_OUTDATED_PART[platform];
}

/** A part of a platform is not Intel's own, or too old to say anything. */
export class RefusedPartError extends Error {
  override readonly name = "RefusedPartError";

  constructor(part: string, complaint: string) {
    super(`The platform's ${part} is refused: ${complaint}. Have the platform's software updated by Intel's own.`);
  }
}
