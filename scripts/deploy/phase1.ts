/** Which phase 1 the verifier will be for. */
import type { VerificationKey } from "../../src/protocol/model.ts";
import { sampleModel } from "../local/models.ts";
import type { Chain } from "./chain.ts";

/** What all keys of one phase 1 share, and a verifier is deployed with. */
export type Phase1 = Pick<VerificationKey, "alpha" | "beta" | "gamma">;

/**
 * The phase 1 that was asked for; on a local chain, where nobody has anything to lose, else the one for development.
 * Undefined when there is none, and so will be no verifier.
 */
export async function choosePhase1(
  { chainId, isLocal }: Chain,
  asked: Phase1 | undefined,
  onStep: (step: string) => void,
): Promise<Phase1 | undefined> {
  if (isLocal) return asked ?? (await developmentPhase1(onStep));
  if (asked === undefined) return undefined;
  const development = await developmentPhase1(onStep);
  // Who knows only one of the two secrets is still one too many.
  const isDevelopment = asked.alpha.x === development.alpha.x || asked.beta.xReal === development.beta.xReal;
  if (isDevelopment) throw new DevelopmentPhase1Error(chainId);
  return asked;
}

async function developmentPhase1(onStep: (step: string) => void): Promise<Phase1> {
  const { key } = await sampleModel("credit-score", "development", onStep);
  return key;
}

/** The phase 1 for development was to be used where there is money. */
export class DevelopmentPhase1Error extends Error {
  override readonly name = "DevelopmentPhase1Error";
  readonly chainId: number;

  constructor(chainId: number) {
    super(
      `Chain ${chainId} is not a local one, and the key is on the development phase 1: whoever knows its secret can ` +
        "forge a proof for every model on it. Give --phase1 a key on the phase 1 of a public ceremony.",
    );
    this.chainId = chainId;
  }
}
