/** What a prover tells whoever watches it. */
import type { Hex } from "viem";

export type ProverEvent =
  | { readonly kind: "proving"; readonly id: Hex }
  | { readonly kind: "proven"; readonly id: Hex; readonly milliseconds: number }
  | {
      readonly kind: "settled";
      readonly id: Hex;
      readonly transaction: Hex;
      /** What the prover got for it, in token units. */
      readonly earned: bigint;
    }
  /** It was settled by another, or reclaimed. */
  | { readonly kind: "closed"; readonly id: Hex }
  /** It cannot be settled, or is not worth it, and somebody should look at the reason. */
  | { readonly kind: "set-aside"; readonly id: Hex; readonly reason: string }
  | { readonly kind: "given-back"; readonly id: Hex; readonly reason: string }
  /** Another has it by now. */
  | { readonly kind: "lost"; readonly id: Hex }
  /** Something does not answer; it is tried again. */
  | { readonly kind: "trouble"; readonly with: "source" | "chain"; readonly reason: string };

export type ProverReport = {
  readonly proven: number;
  readonly settled: number;
  readonly setAside: number;
  /** In token units. */
  readonly earned: bigint;
  readonly gasSpent: bigint;
  readonly weiSpent: bigint;
  /** Jobs in hand that have not come to an end. */
  readonly queued: number;
};

/** Counts what a prover tells. */
export function startCounting() {
  const counts = { proven: 0, settled: 0, setAside: 0, earned: 0n, gasSpent: 0n, weiSpent: 0n };
  return {
    count(event: ProverEvent): void {
      if (event.kind === "proven") counts.proven++;
      if (event.kind === "set-aside") counts.setAside++;
      if (event.kind !== "settled") return;
      counts.settled++;
      counts.earned += event.earned;
    },
    spend: (gas: bigint, wei: bigint): void => {
      counts.gasSpent += gas;
      counts.weiSpent += wei;
    },
    reportWith: (queued: number): ProverReport => ({ ...counts, queued }),
  };
}
