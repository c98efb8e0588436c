/** Re-checking a ceremony without trusting whoever ran it. */
import type { G2Point } from "../../protocol/bn254.ts";
import { DEVELOPMENT_PHASE1 } from "../phase1.ts";
import type { CircuitSize } from "./circuit-file.ts";
import { compare, openCeremony } from "./folder.ts";
import type { Ceremony } from "./folder.ts";
import { isClosed, isContributedTo } from "./key-file.ts";
import type { Contribution } from "./key-file.ts";
import { phase1By } from "./known-phase1.ts";
import { isDevelopmentSetup } from "../development-setup.ts";
import type { KnownPhase1 } from "./known-phase1.ts";
import { checkKeyFile, recognisePhase1 } from "./step.ts";
import type { StepOptions } from "./step.ts";
import type { Transcript } from "./transcript.ts";

export type VerifyOptions = StepOptions & {
  /** Path of the phase 1. The development one is found by itself. */
  readonly phase1?: string | undefined;
};

/** A ceremony that verifies, and what can be said of it. */
export type CeremonyReport = {
  readonly ceremony: Ceremony;
  readonly size: CircuitSize;
  readonly phase1: KnownPhase1;
  readonly isDevelopment: boolean;
  readonly contributions: readonly Contribution[];
  readonly isClosed: boolean;
  /** Whether anyone at all can forge proofs with the key, for want of a contribution that is not a beacon. */
  readonly isForgeable: boolean;
  readonly delta: G2Point;
};

/** Re-checks a ceremony as a whole, from circuit and phase 1 to the newest key. */
export async function verifyCeremony(folder: string, options: VerifyOptions = {}): Promise<CeremonyReport> {
  const ceremony = await openCeremony(folder);
  const { transcript, record } = ceremony;
  const phase1 = await phase1Of(transcript, options);
  const files = { r1cs: ceremony.circuit, phase1, key: ceremony.key };
  return {
    ceremony,
    size: await checkKeyFile(files, options),
    phase1,
    isDevelopment: isDevelopmentSetup(phase1.sha256),
    contributions: record.contributions,
    isClosed: isClosed(record),
    isForgeable: !isContributedTo(record),
    delta: record.delta,
  };
}

/** The phase 1 of a ceremony, if it is the file given. */
export async function phase1Of(transcript: Transcript, options: VerifyOptions): Promise<KnownPhase1> {
  const own = isDevelopmentSetup(transcript.phase1.sha256) ? DEVELOPMENT_PHASE1.path : undefined;
  const path = options.phase1 ?? own;
  if (path === undefined) throw new Phase1MissingError(phase1By(transcript.phase1.blake2b)?.name);
  const { sha256, blake2b, ...rest } = await recognisePhase1(path, options);
  compare("phase 1", transcript.phase1, { sha256, blake2b });
  return { sha256, blake2b, ...rest };
}

/** A key has no contribution but a beacon's. */
export class NoContributionError extends Error {
  override readonly name = "NoContributionError";

  constructor() {
    super(
      "Nobody has contributed to this key: a beacon is public, so with nothing else anyone can forge proofs. " +
        "Contribute before the beacon; a key that is closed already is lost.",
    );
  }
}

/** A ceremony is on a phase 1 whose file was not given. */
export class Phase1MissingError extends Error {
  override readonly name = "Phase1MissingError";

  constructor(name: string | undefined) {
    super(`The ceremony is on ${name ?? "a phase 1 that is not known"}. Give that file with --phase1.`);
  }
}
