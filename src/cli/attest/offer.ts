/** The enrolment that an attester is ready to sign. */
import type { Enrolment } from "../../protocol/attested.ts";
import { enrolmentOf } from "../../enclave/enrolment.ts";
import { timeText } from "../tab/show.ts";
import { UsageError } from "../usage.ts";
import type { Assessed } from "./assess.ts";
import type { AttestPlace } from "./place.ts";

/** A time that `--until` gives, in seconds of Unix time. */
export function untilOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{9,11}$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (Number.isFinite(seconds)) return Math.floor(seconds);
  throw new UsageError(
    `--until takes a date such as 2030-01-31, or seconds of Unix time, got ${JSON.stringify(text)}.`,
  );
}

/** Until the enclave's own expiry, or as long as the contract or `until` allow if that is earlier. */
export function offerEnrolment(place: AttestPlace, assessed: Assessed, until: number | undefined): Enrolment {
  const expiry = latestExpiry(place, assessed, until);
  requireLater(expiry, assessed);
  return enrolmentOf(assessed.enclave, expiry);
}

/** Another's enrolment, if it is of the very enclave that was assessed, and no longer than the own one would be. */
export function adoptEnrolment(
  place: AttestPlace,
  assessed: Assessed,
  other: Enrolment,
  until: number | undefined,
): Enrolment {
  const own = enrolmentOf(assessed.enclave, other.expiry);
  const isSame =
    own.key === other.key &&
    own.measurement === other.measurement &&
    own.platform === other.platform &&
    own.attestation === other.attestation;
  if (!isSame) throw new FalseEnrolmentError("it is not of the enclave whose evidence is beside it");
  const latest = latestExpiry(place, assessed, until);
  if (other.expiry > latest) {
    throw new FalseEnrolmentError(
      `it is until ${timeText(other.expiry)}, and may be until ${timeText(latest)} at most`,
    );
  }
  requireLater(other.expiry, assessed);
  return own;
}

/** The latest that an attester would sign. */
export function latestExpiry({ mostValidity }: AttestPlace, { enclave, headTime }: Assessed, until = Infinity): number {
  return Math.min(enclave.statement.expires, until, headTime + mostValidity);
}

function requireLater(expiry: number, { known: { enrolled }, headTime }: Assessed): void {
  if (expiry <= headTime) throw new PastExpiryError(expiry);
  if (enrolled !== undefined && expiry <= enrolled.expiry) throw new EnrolledAlreadyError(expiry, enrolled.expiry);
}

/** An enrolment would be over before it began. */
export class PastExpiryError extends Error {
  override readonly name = "PastExpiryError";

  constructor(expiry: number) {
    super(`The enrolment would have expired at ${timeText(expiry)}. Name a later time, or wait for a later statement.`);
  }
}

/** A key is enrolled for as long already. */
export class EnrolledAlreadyError extends Error {
  override readonly name = "EnrolledAlreadyError";

  constructor(expiry: number, current: number) {
    super(
      `The key is enrolled until ${timeText(current)} already, and this would be until ${timeText(expiry)}: there is ` +
        "nothing to sign before the enclave makes a later statement.",
    );
  }
}

/** Another attester signed what this one would not. */
export class FalseEnrolmentError extends Error {
  override readonly name = "FalseEnrolmentError";

  constructor(reason: string) {
    super(`The other attester's enrolment is refused: ${reason}. Sign what the gateway shows instead.`);
  }
}
