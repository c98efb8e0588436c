/** What a settlement is expected to burn, corrected by what settlements did burn. */
import type { Address } from "viem";

import { CALLBACK_GAS } from "../protocol/limits.ts";

/** A full batch of this many is what the first guess of 80,000 an inference is about. */
const FULL_BATCH = 32n;
const GAS_PER_INFERENCE = 80_000n;
/** Of the transaction and the pairings that all proofs of a batch share. */
const SHARED_GAS = 192_000n;
const OWN_GAS = GAS_PER_INFERENCE - SHARED_GAS / FULL_BATCH;
/** A call to a consumer, before the gas that is set aside for it. */
const CALL_GAS = 10_000n;

/** How much a new measurement moves the guess. */
const WEIGHT = { newer: 1n, older: 3n } as const;
const UNIT = 1_000_000n;

export type Size = {
  readonly inferences: number;
  /** How many of them have a consumer, which may burn all that it is given. */
  readonly callbacks: number;
};

export type GasGuess = {
  readonly of: (size: Size) => bigint;
  /** The part of one inference in a batch of this many. */
  readonly share: (batchSize: number, hasCallback: boolean) => bigint;
  readonly learn: (size: Size, gasUsed: bigint) => void;
};

/** Starts with what was measured on a local chain. */
export function startGasGuess(): GasGuess {
  let scale = UNIT;
  const of = ({ inferences, callbacks }: Size): bigint =>
    (firstGuess(BigInt(inferences)) * scale) / UNIT + callbackGas(callbacks);
  return {
    of,
    share: (batchSize, hasCallback) =>
      of({ inferences: batchSize, callbacks: 0 }) / BigInt(batchSize) + callbackGas(hasCallback ? 1 : 0),
    learn({ inferences, callbacks }, gasUsed) {
      // What consumers burnt would be taken for the price of an inference.
      if (inferences === 0 || callbacks > 0) return;
      const measured = (gasUsed * UNIT) / firstGuess(BigInt(inferences));
      scale = (WEIGHT.older * scale + WEIGHT.newer * measured) / (WEIGHT.older + WEIGHT.newer);
    },
  };
}

/** One guess for each verifier, since a signature costs a fraction of a proof. */
export function startGasGuesses(): (verifier: Address) => GasGuess {
  const guesses = new Map<string, GasGuess>();
  return (verifier) => {
    const key = verifier.toLowerCase();
    const guess = guesses.get(key) ?? startGasGuess();
    guesses.set(key, guess);
    return guess;
  };
}

function firstGuess(inferences: bigint): bigint {
  return SHARED_GAS + inferences * OWN_GAS;
}

function callbackGas(callbacks: number): bigint {
  return BigInt(callbacks) * (CALLBACK_GAS + CALL_GAS);
}
