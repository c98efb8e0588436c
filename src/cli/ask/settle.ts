/** Waiting for an answer to be settled, and taking what is owed if it is not. */
import { createWalletClient, custom, type PublicClient } from "viem";
import type { LocalAccount } from "viem/accounts";

import type { Answer } from "../../client/ask.ts";
import type { Book } from "../../client/evidence.ts";
import { SettledOtherwiseError, UnprovenError, type Settlement } from "../../client/settlements.ts";
import { watch, type Act } from "../../client/watch.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import { startProgress } from "../progress.ts";
import { timeText } from "../tab/show.ts";

export type Fate =
  | { readonly state: "settled"; readonly settlement: Settlement }
  | { readonly state: "broken"; readonly reason: string };

const SECOND = 1_000;

/** Waits until an answer is settled, or can be no more; under a line that says how much time is left. */
export async function waitFor({ settled, request }: Answer): Promise<Fate> {
  const progress = startProgress("Settling", 1);
  progress.note(`waiting for the proof, until ${timeText(request.deadline)}`);
  const ticking = setInterval(() => {
    if (!process.stderr.isTTY) return;
    const left = request.deadline - Math.floor(Date.now() / SECOND);
    progress.note(
      left > 0 ? `waiting for the proof, ${left} seconds at most` : "waiting for a block after the deadline",
    );
  }, SECOND);
  try {
    return { state: "settled", settlement: await settled };
  } catch (error) {
    if (!(error instanceof UnprovenError || error instanceof SettledOtherwiseError)) throw error;
    return { state: "broken", reason: error.message };
  } finally {
    clearInterval(ticking);
    progress.end();
  }
}

export type Redress = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly account: LocalAccount;
  readonly book: Book;
};

/** Takes what a provider owes for what is in a book. Throws what stood in the way, if anything did. */
export async function takeRedress({ client, deployment, account, book }: Redress): Promise<readonly Act[]> {
  const acts: Act[] = [];
  const failures: Error[] = [];
  const watching = watch({
    client,
    deployment,
    wallet: createWalletClient({ account, transport: custom(client) }),
    book,
    onAct: (act) => void acts.push(act),
    onError: (error) => void failures.push(error as Error),
  });
  await watching.round();
  watching.close();
  const [failure] = failures;
  if (acts.length === 0 && failure !== undefined) throw failure;
  return acts;
}
