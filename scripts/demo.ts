import { parseArgs } from "node:util";

import { stopThreads } from "../src/model/groth16.ts";
import { dollars, setStage } from "./demo/stage.ts";
import type { Stage } from "./demo/stage.ts";
import { startStory } from "./demo/story.ts";
import type { Story } from "./demo/story.ts";
import { breakPromise, fundTab, trade } from "./demo/tab.ts";
import { reclaimStockPayment, settleStockPayment } from "./demo/vault.ts";
import { startProgress } from "../src/cli/progress.ts";
import { runCommand } from "../src/cli/usage.ts";

const USAGE = `Usage: npm run demo [-- --json]

Plays a trade from end to end on a local node, with real proofs: asked, answered, proven, paid; and what happens when
a proof does not come.

  --json    print only the figures, as one object
  --help    print this`;

const ACTS: readonly (readonly [string, (stage: Stage, story: Story) => Promise<void>])[] = [
  ["A tab", fundTab],
  ["Ask, answer, prove, settle", trade],
  ["A broken promise", breakPromise],
  ["A client that knows nothing of this", settleStockPayment],
  ["Its money back", reclaimStockPayment],
  ["The books", showBooks],
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const print = values.json === true ? () => {} : console.log;
  const story = startStory(print, process.stdout.isTTY);
  const progress = startProgress("Setting up", 1);
  const stage = await setStage(progress.note);
  progress.end();
  try {
    print(`Assay: an agent pays for an answer only after the answer was proven, on chain. Local node: ${stage.url}`);
    for (const [title, play] of ACTS) {
      story.act(title);
      await play(stage, story);
    }
    if (values.json === true) console.log(JSON.stringify(story.records, null, 2));
  } finally {
    await stopThreads();
    await stage.stop();
  }
}

/** Where all the money is at the end, to the unit. */
async function showBooks(stage: Stage, story: Story): Promise<void> {
  const { escrow, cast, wallet } = stage;
  const people = ["agent", "provider", "prover", "client"] as const;
  const rows: string[][] = [];
  const tab = await escrow.read.tabOf([cast.agent.address, cast.provider.address]);
  let inside = tab.funds + tab.stake;
  for (const name of people) {
    const { address } = cast[name];
    const balance = await escrow.read.balanceOf([address]);
    inside += balance;
    const inTab = { agent: tab.funds, provider: tab.stake, prover: 0n, client: 0n }[name];
    rows.push([name, dollars(await wallet(address)), dollars(inTab), dollars(balance)]);
  }
  story.table(["", "wallet", "in the tab", "to withdraw"], rows);
  const held = await wallet(escrow.address);
  story.tell(`The escrow holds ${dollars(held)} and owes ${dollars(inside)}.`);
  if (held !== inside) throw new BooksError(held, inside);
}

/** The escrow holds another amount than it owes. */
class BooksError extends Error {
  override readonly name = "BooksError";
  constructor(held: bigint, owed: bigint) {
    super(`The escrow holds ${held} units and owes ${owed}: the books do not balance.`);
  }
}

await runCommand(USAGE, main);
