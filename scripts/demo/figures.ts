/** All that the demo measured, as one object. Money is in millionths of a dollar. */
import type { Hex } from "viem";

import type { Attesting } from "./attesting.ts";
import type { Promises, Redress } from "./promises.ts";
import type { Shop } from "./shop.ts";
import type { Stage } from "./stage.ts";
import type { Books } from "./books.ts";
import { CLIENTS, median, type ClientKind } from "./trades.ts";

export type Row = {
  readonly asked: number;
  readonly answered: number;
  readonly proven: number;
  readonly settled: number;
  readonly paid: number;
  readonly answerMsP50: number | undefined;
  readonly settleSecondsP50: number | undefined;
};

export type Figures = Row & {
  readonly models: readonly string[];
  /** The same for either kind of client. */
  readonly clients: Readonly<Record<ClientKind, Row>>;
  /** Of an enclave, which is no part of the figures above. */
  readonly attested: Attesting;
  readonly transactions: number;
  readonly gasPerInference: number;
  readonly slashed: number;
  readonly contradicted: number;
  readonly refunded: number;
  /** What broken promises brought the agent, and what came back to the stock client. */
  readonly penalties: number;
  readonly refund: number;
  readonly books: { readonly held: number; readonly owed: number };
};

/** What the other acts ended in. */
export type Acts = {
  readonly attesting: Attesting;
  readonly promises: Promises;
  readonly redress: Redress;
  readonly books: Books;
};

export async function figuresOf(
  stage: Stage,
  shop: Shop,
  { attesting, promises, redress, books }: Acts,
): Promise<Figures> {
  const { slashed, contradicted, refunded } = redress;
  const { held, owed } = books;
  const { outcomes, market } = stage;
  const { settled, penalised, reclaimed } = outcomes;
  const own = shop.trades.answered.flatMap(({ id }) => settled.get(id) ?? []);
  const transactions = new Set(own.map(({ transaction }) => transaction));
  let gas = 0;
  for (const hash of transactions) gas += Number((await market.client.getTransactionReceipt({ hash })).gasUsed);
  const penalty = (id: Hex): bigint => penalised.get(id)?.amount ?? 0n;
  return {
    models: market.models.map(({ name }) => name),
    ...rowOf(stage, shop, CLIENTS),
    clients: { assay: rowOf(stage, shop, ["assay"]), exact: rowOf(stage, shop, ["exact"]) },
    attested: attesting,
    transactions: transactions.size,
    gasPerInference: Math.round(gas / own.length),
    slashed: slashed.length,
    contradicted: contradicted.length,
    refunded: refunded.length,
    penalties: Number(penalty(promises.unproven.id) + penalty(promises.lie.id)),
    refund: Number(reclaimed.get(promises.unpaid.id)?.amount ?? 0n),
    books: { held: Number(held), owed: Number(owed) },
  };
}

function rowOf({ outcomes: { settled } }: Stage, { trades, proven }: Shop, clients: readonly ClientKind[]): Row {
  const answered = trades.answered.filter(({ client }) => clients.includes(client));
  const paid = answered.flatMap(({ id, at }) => {
    const entry = settled.get(id);
    return entry === undefined ? [] : [{ amount: entry.amount, seconds: (entry.at - at) / 1_000 }];
  });
  return {
    asked: clients.reduce((sum, client) => sum + trades.asked(client), 0),
    answered: answered.length,
    proven: answered.filter(({ id }) => proven.has(id)).length,
    settled: paid.length,
    paid: Number(paid.reduce((sum, { amount }) => sum + amount, 0n)),
    answerMsP50: median(answered.map(({ milliseconds }) => rounded(milliseconds))),
    settleSecondsP50: median(paid.map(({ seconds }) => rounded(seconds))),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
