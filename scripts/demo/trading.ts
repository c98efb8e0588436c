/** The main road: two kinds of clients ask, each is answered at once, and proofs settle what was answered. */
import { startProgress } from "../../src/cli/progress.ts";
import type { Answer } from "../../src/client/ask.ts";
import type { Connection } from "../../src/client/connect.ts";
import { questions, type Question } from "./questions.ts";
import type { Shop } from "./shop.ts";
import type { Stage } from "./stage.ts";
import { stockClient } from "./stock.ts";
import type { Story } from "./story.ts";
import type { Trade } from "./trades.ts";
import { dollars, gasText, millisecondsText, shortened } from "./words.ts";

const STOCK_QUESTIONS = 3;

export type Agent = { readonly connection: Connection; readonly answers: readonly Answer[] };

/** Our client: a connection, a question, and later the proof. Its tab is filled by a signature of the first question. */
export async function askAsAgent(stage: Stage, story: Story, { seller, trades }: Shop): Promise<Agent> {
  story.tell(
    "Its whole program:",
    "",
    "  const provider = await connect(url, account, { rpc });",
    '  const { value, settled } = await provider.ask("iris", flower);   // answered now',
    "  await settled;                                                   // proven and paid later",
    "",
  );
  const connection = await stage.connect(seller.url);
  const answers: Answer[] = [];
  for (const question of await questions()) {
    const { answer, trade } = await trades.time("assay", () => connection.ask(question.model, question.input));
    answers.push(answer);
    tellAnswer(story, question, answer, trade);
  }
  const { funds, stake } = await connection.tab();
  story.tell(
    "",
    `The first question took along a signature that moved ${dollars(funds)} to the agent's tab: it stays the agent's`,
    `until a proof was verified. Beside it the provider has staked ${dollars(stake)} on its promises.`,
  );
  return { connection, answers };
}

/** A stock client of x402 pays an address: the vault of a request that it knows nothing of. */
export async function askAsStockClient(stage: Stage, story: Story, { seller, trades }: Shop): Promise<void> {
  const client = stockClient(stage);
  for (const question of (await questions()).slice(0, STOCK_QUESTIONS)) {
    const { answer, trade } = await trades.time("exact", () => client.ask(seller.url, question));
    tellAnswer(story, question, answer, trade);
  }
  story.tell(
    "",
    "Its money is not the provider's yet. It is locked in the escrow, and waits for a proof as the agent's does.",
  );
}

/** Shows how proofs and settlements come along, until every answer is paid. The agent checks each settlement by itself. */
export async function settleAll(stage: Stage, story: Story, shop: Shop, { answers }: Agent): Promise<void> {
  const { outcomes, market } = stage;
  const { answered } = shop.trades;
  const progress = startProgress("Proving and settling", 2 * answered.length);
  let [shown, told] = [0, ""];
  try {
    await outcomes.until("every answer to settle", () => {
      const proven = answered.filter(({ id }) => shop.proven.has(id)).length;
      const settled = answered.filter(({ id }) => outcomes.settled.has(id)).length;
      for (; shown < proven + settled; shown++) progress.advance();
      const words = `${proven} of ${answered.length} answers proven, ${settled} settled`;
      // A terminal has one line for all; elsewhere one for each settlement is enough.
      const news = process.stderr.isTTY ? words : String(settled);
      if (news !== told) progress.note(words);
      told = news;
      return settled === answered.length;
    });
    await Promise.all(answers.map((answer) => answer.settled));
  } finally {
    progress.end();
  }
  const rows: string[][] = [];
  for (const [hash, paid] of Map.groupBy(answered, ({ id }) => outcomes.settled.get(id)?.transaction)) {
    if (hash === undefined) continue;
    const { gasUsed } = await market.client.getTransactionReceipt({ hash });
    rows.push([hash, String(paid.length), gasText(Math.round(Number(gasUsed) / paid.length))]);
  }
  story.table(["transaction", "proofs", "for each"], rows);
}

function tellAnswer(story: Story, { model, text }: Question, { value }: Pick<Answer, "value">, trade: Trade): void {
  story.row([
    [model, 15],
    [shortened(text, 40), 40],
    [String(value), 10],
    [millisecondsText(trade.milliseconds), 0],
  ]);
}
