/** What an enclave tells whoever runs it: never what was asked or answered. */
import type { Address, Hex } from "viem";

import type { Transcript } from "../enclave/transcript.ts";
import type { ProblemCode } from "./problem.ts";

export type EnclaveEvent =
  | { readonly kind: "listening"; readonly url: string; readonly key: Address; readonly models: readonly Hex[] }
  | { readonly kind: "asked"; readonly id: Hex; readonly model: Hex }
  | {
      readonly kind: "signed";
      readonly id: Hex;
      readonly end: Transcript["end"];
      readonly chunks: number;
      readonly charge: string;
      readonly usage: Transcript["usage"];
    }
  /** An upstream broke off; what it delivered is charged for. */
  | { readonly kind: "broken"; readonly id: Hex; readonly chunks: number; readonly error: string }
  /** A gateway went away in the middle, and may yet say what was delivered. */
  | { readonly kind: "left"; readonly id: Hex; readonly chunks: number }
  /** Nothing was signed, and nothing is kept. */
  | { readonly kind: "forgotten"; readonly id: Hex; readonly chunks: number }
  | { readonly kind: "refused"; readonly code: ProblemCode }
  | { readonly kind: "attested"; readonly block: number; readonly epoch: number; readonly expires: number }
  /** A mistake in this program: where it is, but not what was at hand. */
  | { readonly kind: "fault"; readonly error: string; readonly where: string };

export type Tell = (event: EnclaveEvent) => void;
