/** Whether all that a provider promised has come to its end. */
import type { PublicClient } from "viem";

/** Nothing is promised, nothing waits for a proof, and the gateway has seen the chain's last block. */
export async function isAtRest(url: string, client: PublicClient): Promise<boolean> {
  const text = await readText(`${url}/metrics`);
  const head = Number(await client.getBlockNumber({ cacheTime: 0 }));
  const open = ["jobs_waiting", "jobs_active", "promised_dollars"].map((name) => figureIn(text, name));
  return open.every((count) => count === 0) && figureIn(text, "chain_head") === head;
}

const TRIES = 5;

/** What a gateway says at an address. A connection that was kept can end as it is used again, which says nothing. */
export async function readText(url: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** One of a gateway's figures that have no label. */
function figureIn(text: string, name: string): number {
  return Number(new RegExp(`^assay_${name} (\\S+)$`, "m").exec(text)?.[1]);
}
