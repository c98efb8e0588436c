/** What time it is, as far as money is concerned. */
import type { Block } from "../chain/blocks.ts";
import { Problem } from "./problem.ts";

/** The chain's clock and this machine's, of which neither is trusted alone. */
export type ChainTime = {
  readonly see: (head: Block) => void;
  /** Seconds: no earlier than the chain's next block will say, if clocks are right. */
  readonly latest: () => number;
  /** Seconds: no later than the chain's last block said. */
  readonly earliest: () => number;
  /** @throws Problem while the chain is out of sight, or the clocks are too far apart. */
  readonly check: () => void;
};

/**
 * @param mostLagSeconds How far the newest block may be from this machine's clock; undefined where blocks are mined on
 * demand.
 */
export function chainTime(mostLagSeconds: number | undefined, now: () => number = () => Date.now() / 1000): ChainTime {
  let head: Block | undefined;
  const seen = (): Block => {
    if (head === undefined) {
      throw new Problem("behind-chain", "No block of the chain has been seen yet. Try again later.");
    }
    return head;
  };
  return {
    see(block) {
      head = block;
    },
    latest: () => Math.ceil(Math.max(now(), seen().timestamp)),
    // A chain that mines on demand may be ahead of every clock, and nobody's clock says more about it than its last block.
    earliest: () => Math.floor(Math.min(mostLagSeconds === undefined ? Infinity : now(), seen().timestamp)),
    check() {
      const { timestamp } = seen();
      if (mostLagSeconds === undefined) return;
      const lag = now() - timestamp;
      if (Math.abs(lag) <= mostLagSeconds) return;
      throw new Problem(
        "behind-chain",
        `The newest block is ${Math.round(Math.abs(lag))} seconds ${lag > 0 ? "behind" : "ahead of"} this gateway's ` +
          `clock, and more than ${mostLagSeconds} are not sold on. Nothing was charged: try again later.`,
      );
    },
  };
}
