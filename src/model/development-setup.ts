/** Which phase 1 is for development, without the file: whoever only asks for answers has to know it too. */

/** The SHA-256 of the phase 1 for development. */
export const DEVELOPMENT_SHA256 = "8dd31d43d078430b15790344e614fed1a94d91b86078c1683d0195b991a9f603";

/** Whether a key made on the phase 1 with this SHA-256 is for development only: somebody may know its secret. */
export function isDevelopmentSetup(phase1Sha256: string): boolean {
  return phase1Sha256.toLowerCase().replace(/^0x/, "") === DEVELOPMENT_SHA256;
}
