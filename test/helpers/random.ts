import { config } from "hardhat";
import { bytesToHex, keccak256, toHex, type Address, type Hex } from "viem";

import { seededRandom as trainingRandom } from "../../models/training/random.ts";

/** A source of values that one seed decides. Every third number is at an edge of its range, where mistakes live. */
export type Random = {
  /** A number from 0 to `end - 1`. */
  below(end: number): number;
  /** An unsigned integer of so many bits. */
  uint(bits: number): bigint;
  bytes32(): Hex;
  address(): Address;
  pick<const T>(values: readonly [T, ...T[]]): T;
};

/** The seed of the fuzz tests in Solidity, so that one variable, ASSAY_FUZZ_SEED, makes all of them look elsewhere. */
const SEED = config.test.solidity.profiles["default"]?.fuzz.seed ?? "unset";

/** Runs a test on random values. If it fails, the error says which seed fails it again. */
export async function fuzz(run: (random: Random) => Promise<void> | void): Promise<void> {
  try {
    await run(seededRandom(Number(BigInt.asUintN(32, BigInt(keccak256(toHex(SEED)))))));
  } catch (error) {
    throw new FuzzError(SEED, error);
  }
}

/** A list of `count` values that `make` makes. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export function seededRandom(seed: number): Random {
  const uniform = trainingRandom(seed);
  const next = (): number => uniform.unit() * 2 ** 32;
  const below = (end: number): number => uniform.below(end);

  function plainUint(bits: number): bigint {
    let value = 0n;
    for (let filled = 0; filled < bits; filled += 32) value = (value << 32n) | BigInt(next());
    return BigInt.asUintN(bits, value);
  }

  return {
    below,
    uint(bits) {
      const max = (1n << BigInt(bits)) - 1n;
      return [0n, max, max - 1n][below(9)] ?? plainUint(bits);
    },
    bytes32: () => `0x${plainUint(256).toString(16).padStart(64, "0")}`,
    address: () => bytesToHex(Uint8Array.from({ length: 20 }, () => below(256))),
    pick: (values) => values[below(values.length)] ?? values[0],
  };
}

/** A failed fuzz test, with the seed that fails it again. */
class FuzzError extends Error {
  override readonly name = "FuzzError";

  constructor(seed: string, cause: unknown) {
    super(`${cause instanceof Error ? cause.message : String(cause)}\nRun it again with ASSAY_FUZZ_SEED=${seed}`, {
      cause,
    });
  }
}
