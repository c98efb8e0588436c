/** What attesters sign of an enclave, once they have checked it. */
import { PLATFORM_NUMBERS, type Enrolment } from "../protocol/attested.ts";
import type { CheckedEnclave } from "./check.ts";

/** @param expiry Seconds of Unix time; an enclave's own is the latest that makes sense. */
export function enrolmentOf(
  { platform, measurement, attestation, statement }: CheckedEnclave,
  expiry = statement.expires,
): Enrolment {
  return { key: statement.key, measurement, platform: PLATFORM_NUMBERS[platform], attestation, expiry };
}
