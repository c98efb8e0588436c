import { config } from "hardhat";
import { bytesToHex, keccak256, toHex, type Address, type Hex } from "viem";

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
  let state = seed >>> 0;

  // A Weyl sequence, mixed by the finalizer of MurmurHash3: short, and good enough to choose test values.
  function next(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  }

  function below(end: number): number {
    return Math.floor((next() / 2 ** 32) * end);
  }

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
