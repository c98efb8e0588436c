/** Which phase 1 the verifier will be for. */
import { G2_GENERATOR } from "../protocol/bn254.ts";
import type { VerificationKey } from "../protocol/model.ts";
import type { Chain } from "./chain.ts";

/** What all keys of one phase 1 share, and a verifier is deployed with. */
export type Phase1 = Pick<VerificationKey, "alpha" | "beta" | "gamma">;

/** The phase 1 for development, as it is in every key that was made on it. */
export const DEVELOPMENT_POINTS: Phase1 = {
  alpha: {
    x: 0x0dce85ea741d0742bc05b7aea215a61a5271058a733f31be5dea090b7f17a426n,
    y: 0x14a961f0572933c659371f7ce1d15717d543e6ed656a6cce30e227fc5cef908dn,
  },
  beta: {
    xImaginary: 0x063b17221a88a617899008f46c5c5ed331f1e7513602abc1643820e78aa14644n,
    xReal: 0x05821c78deadeb64de97b295c5a7719966c6591be6309b5a043e61465f675f10n,
    yImaginary: 0x0b1ebf2b82a67b4f5312f1fca2756fdab7dfdab67c2d15459740fcba33133cffn,
    yReal: 0x05329f99775260b559bd563e4fcc5572fb6d68b42041103e8fc9539e14658086n,
  },
  gamma: G2_GENERATOR,
};

/**
 * The phase 1 that was asked for; on a local chain, where nobody has anything to lose, else the one for development.
 * Undefined when there is none, and so will be no verifier.
 */
export function choosePhase1({ chainId, isLocal }: Chain, asked: Phase1 | undefined): Phase1 | undefined {
  if (isLocal) return asked ?? DEVELOPMENT_POINTS;
  if (asked === undefined) return undefined;
  // Who knows only one of the two secrets is still one too many.
  const { alpha, beta } = DEVELOPMENT_POINTS;
  if (asked.alpha.x === alpha.x || asked.beta.xReal === beta.xReal) throw new DevelopmentPhase1Error(chainId);
  return asked;
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
