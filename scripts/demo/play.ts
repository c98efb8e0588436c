/** The demo from its first act to its last. */
import { startProgress } from "../../src/cli/progress.ts";
import { askEnclave } from "./attesting.ts";
import { showBooks } from "./books.ts";
import { figuresOf, type Figures, type Row } from "./figures.ts";
import { askOnceMore, breakPromises, redressAll } from "./promises.ts";
import { openShop, type Shop } from "./shop.ts";
import { setStage, type Closing, type Stage } from "./stage.ts";
import type { Story } from "./story.ts";
import { askAsAgent, askAsStockClient, settleAll } from "./trading.ts";
import { dollars, gasText, millisecondsText, secondsText } from "./words.ts";

export async function play(story: Story, closing: Closing): Promise<Figures> {
  const { stage, shop } = await setUp(closing);
  story.tell(
    "Assay: an agent pays for an answer only after the answer was proven, on chain.",
    "",
    `A local node   ${stage.market.url}`,
    `A provider     ${shop.seller.url}, with ${stage.market.models.length} models and two provers`,
  );
  story.act("An agent asks");
  const agent = await askAsAgent(stage, story, shop);
  story.act("An x402 client that never heard of Assay asks");
  await askAsStockClient(stage, story, shop);
  story.act("Proofs settle what was answered");
  await settleAll(stage, story, shop, agent);
  story.act("A model too large to prove: a SIMULATED enclave answers");
  const attesting = await askEnclave(stage, story, agent);
  story.act("Promises are broken");
  const promises = await breakPromises(stage, story);
  story.act("An hour later, the deadlines have passed");
  const redress = await redressAll(stage, story, promises);
  await askOnceMore(stage, story, shop, agent);
  await shop.seller.stop();
  story.act("The books");
  const books = await showBooks(stage, story);
  const figures = await figuresOf(stage, shop, { attesting, promises, redress, books });
  story.act("The honest provider's trade, in figures");
  showFigures(story, figures);
  return figures;
}

async function setUp(closing: Closing): Promise<{ stage: Stage; shop: Shop }> {
  const progress = startProgress("Setting up", 7);
  let begun = 0;
  const onStep = (step: string): void => {
    if (begun++ > 0) progress.advance();
    progress.note(step);
  };
  try {
    const stage = await setStage(closing, onStep);
    onStep("starting a provider");
    return { stage, shop: await openShop(stage) };
  } finally {
    progress.end();
  }
}

const ROWS: readonly (readonly [title: string, text: (row: Row) => string])[] = [
  ["asked", ({ asked }) => String(asked)],
  ["answered", ({ answered }) => String(answered)],
  ["proven", ({ proven }) => String(proven)],
  ["settled", ({ settled }) => String(settled)],
  ["paid", ({ paid }) => dollars(BigInt(paid))],
  ["time to answer, p50", ({ answerMsP50 }) => millisecondsText(answerMsP50)],
  ["time to settle, p50", ({ settleSecondsP50 }) => secondsText(settleSecondsP50)],
];

function showFigures(story: Story, figures: Figures): void {
  const { attested, clients, gasPerInference, transactions } = figures;
  const rows = ROWS.map(([title, text]) => [title, text(clients.assay), text(clients.exact), text(figures)]);
  story.table(
    ["", "our client", "stock client", "both"],
    [...rows, ["gas per inference", "", "", gasText(gasPerInference)]],
  );
  story.tell(
    "",
    `Beside them ${attested.settled} answer of a SIMULATED enclave, for ${dollars(BigInt(attested.paid))}.`,
    `Verified and paid in ${transactions} transactions. Of other providers ${figures.slashed} was slashed and ` +
      `${figures.contradicted} contradicted, for`,
    `${dollars(BigInt(figures.penalties))} together; ${figures.refunded} payment of ${dollars(BigInt(figures.refund))} was refunded.`,
  );
}
