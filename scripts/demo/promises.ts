/** Three broken promises, and what becomes of them once the deadline has passed. */
import type { Hex } from "viem";

import type { Answer } from "../../src/client/ask.ts";
import { watch, type Act } from "../../src/client/watch.ts";
import type { WireAnswer } from "../../src/x402/scheme.ts";
import { startLiar } from "./liar.ts";
import { FLOWER } from "./questions.ts";
import { startSeller } from "./sellers.ts";
import type { Shop } from "./shop.ts";
import type { Stage } from "./stage.ts";
import { stockClient } from "./stock.ts";
import type { Story } from "./story.ts";
import type { Agent } from "./trading.ts";
import { dollars } from "./words.ts";

/** Each is an answer that somebody holds. */
export type Promises = { readonly unproven: Answer; readonly unpaid: WireAnswer; readonly lie: Answer };

export type Redress = {
  readonly slashed: readonly Act[];
  readonly contradicted: readonly Act[];
  readonly refunded: readonly Hex[];
};

const LOOK_MS = 200;

/** Two providers answer, and do not keep their word. */
export async function breakPromises(stage: Stage, story: Story): Promise<Promises> {
  const sleeper = await startSeller(stage, "sleeper", { workers: 1, models: 1 });
  const sleepy = await stage.connect(sleeper.url);
  const unproven = await sleepy.ask(FLOWER.model, FLOWER.input);
  const unpaid = await stockClient(stage).ask(sleeper.url, FLOWER);
  await sleeper.kill();
  story.tell(
    "A second provider answers the agent and the stock client, and its process is killed, with its provers: nobody",
    "proves what it signed.",
  );

  const limits = { batchSize: 1 };
  const honest = await startSeller(stage, "liar", { workers: 1, models: 1, limits });
  const liar = await startLiar(stage, honest.url);
  const lie = await (await stage.connect(liar.url)).ask(FLOWER.model, FLOWER.input);
  await stage.outcomes.until("the liar to be paid", () => stage.outcomes.settled.has(lie.id));
  await honest.stop();
  story.tell(
    `A third signs "${String(lie.value)}" for the agent, and then another answer to the same request, which it can prove:`,
    `${dollars(lie.receipt.charge)} for that.`,
  );
  return { unproven, unpaid, lie };
}

/** An hour later: the agent's client takes what it is owed, and a lock goes back to who paid it. */
export async function redressAll(stage: Stage, story: Story, { unproven, unpaid, lie }: Promises): Promise<Redress> {
  const { market, outcomes, book, agentWallet, cast } = stage;
  const acts: Act[] = [];
  let failure: unknown;
  const paid = await stage.wallet(cast.client.address);
  const watching = watch({
    client: market.client,
    deployment: market.deployment,
    wallet: agentWallet,
    book,
    interval: LOOK_MS,
    onAct: (act) => acts.push(act),
    onError: (error) => {
      failure = error;
    },
  });
  try {
    await stage.pass(Math.max(...[unproven, unpaid, lie].map(({ request }) => request.deadline)));
    const arePaid = (): boolean => outcomes.penalised.has(unproven.id) && outcomes.penalised.has(lie.id);
    await outcomes.until("the penalties", arePaid, () => failure);
  } finally {
    watching.close();
  }
  // Behind the round that is under way, which notes its acts after they are on chain.
  await watching.round();
  story.tell("The agent's client has kept what providers signed, and looks after it by itself:");
  const amountOf = (id: Hex): string => dollars(outcomes.penalised.get(id)?.amount ?? 0n);
  story.table(
    ["the provider", "so its stake paid the agent"],
    [
      ["stopped proving", `${amountOf(unproven.id)}, for an answer without a proof`],
      ["lied", `${amountOf(lie.id)}, for two receipts of one request`],
    ],
  );

  // Without provers, so that it can do nothing but refund.
  const sleeper = await startSeller(stage, "sleeper", { workers: 0, models: 1 });
  await outcomes.until("the refund", () => outcomes.reclaimed.has(unpaid.id));
  await sleeper.stop();
  const back = (await stage.wallet(cast.client.address)) - paid;
  story.tell(
    "",
    `The stock client did nothing, and has its ${dollars(back)} back: the second provider's gateway is up again, finds`,
    "the unproven lock in its journal, and reclaims it. Anybody else could.",
  );
  return {
    slashed: acts.filter(({ kind }) => kind === "slashed"),
    contradicted: acts.filter(({ kind }) => kind === "contradicted"),
    refunded: [...outcomes.reclaimed.keys()],
  };
}

/** The first provider has nothing to do with all that, and goes on. */
export async function askOnceMore(stage: Stage, story: Story, shop: Shop, { connection }: Agent): Promise<void> {
  const ask = (): Promise<Answer> => connection.ask(FLOWER.model, FLOWER.input);
  const { answer } = await shop.trades.time("assay", ask);
  await answer.settled;
  await stage.outcomes.until("the last settlement", () => stage.outcomes.settled.has(answer.id));
  story.tell("", "The first provider answers as before, and is paid as before.");
}
