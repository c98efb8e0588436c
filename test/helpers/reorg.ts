import type { TestClient } from "viem";

/** A place in a chain's history that it can be taken back to. */
export type Fork = {
  /** Replaces all blocks since by others without transactions, at least one, and one more than there were by default. */
  readonly reorganise: (blocks?: number) => Promise<void>;
};

type Miner = Pick<TestClient<"hardhat">, "snapshot" | "revert" | "mine" | "increaseTime"> & {
  readonly getBlockNumber: (options: { cacheTime: number }) => Promise<bigint>;
};

/** Remembers the chain as it is. What follows can be reorganised away once. */
export async function forkHere(chain: Miner): Promise<Fork> {
  const height = await chain.getBlockNumber({ cacheTime: 0 });
  const id = await chain.snapshot();
  return {
    async reorganise(blocks) {
      const count = blocks ?? Number((await chain.getBlockNumber({ cacheTime: 0 })) - height) + 1;
      await chain.revert({ id });
      // Later by a second, so that no block is the same as the one that it replaces.
      await chain.increaseTime({ seconds: 1 });
      for (let mined = 0; mined < count; mined++) await chain.mine({ blocks: 1 });
    },
  };
}
