/** Where the demo plays: a market on a local node, and everyone in it. */
import { createWalletClient, http } from "viem";
import type { Address } from "viem";

import { memoryBook } from "../../src/client/evidence.ts";
import { connect, type Connection } from "../../src/client/connect.ts";
import { startAttested } from "../local/attested.ts";
import { account } from "../local/market.ts";
import { DOLLAR, startMarketplace } from "../local/marketplace.ts";
import { followOutcomes } from "./outcomes.ts";
import { MODELS } from "./questions.ts";

/** Waited for between two looks at the chain, in milliseconds. */
const LOOK_MS = 100;

/** What was started, to be ended in the reverse order. */
export type Closing = (() => Promise<void>)[];

export async function setStage(closing: Closing, onStep: (step: string) => void) {
  const market = await startMarketplace({ models: MODELS, onStep });
  closing.push(() => market.stop());
  onStep("starting a simulated enclave");
  const attested = await startAttested(market);
  closing.push(() => attested.stop());
  // Who is killed leaves temporary files behind: they go with the market's own.
  process.env["TMPDIR"] = market.scratch;
  const outcomes = followOutcomes(market, LOOK_MS);
  closing.push(() => outcomes.stop());
  const cast = {
    agent: market.account("agent"),
    client: market.account("client"),
    provider: market.account("provider"),
    prover: market.account("prover"),
    sleeper: account(7),
    liar: account(8),
  };
  for (const { address } of [cast.sleeper, cast.liar]) await market.token.write.mint([address, 10n * DOLLAR]);
  const book = memoryBook();
  return {
    market,
    attested,
    outcomes,
    cast,
    closing,
    /** What all providers have signed for the agent. */
    book,
    /** Pays the gas of what the agent does on chain. */
    agentWallet: createWalletClient({ account: cast.agent, transport: http(market.url), pollingInterval: LOOK_MS }),
    async connect(url: string): Promise<Connection> {
      const connection = await connect(url, cast.agent, {
        rpc: market.url,
        book,
        limits: LIMITS,
        // The code that it expects; and that here, and here alone, a simulator may vouch for it.
        trust: { enclaves: { measurements: [attested.measurement], allowSimulated: true } },
        interval: LOOK_MS,
      });
      closing.push(async () => connection.close());
      return connection;
    },
    wallet: (who: Address): Promise<bigint> => market.token.read.balanceOf([who]),
    /** Lets time pass on the node, until some seconds of Unix time are over. */
    async pass(timestamp: number): Promise<void> {
      await market.test.setNextBlockTimestamp({ timestamp: BigInt(timestamp) + 1n });
      await market.test.mine({ blocks: 1 });
    },
  };
}

/** The first question brings this much along for the next ones. */
const LIMITS = { topUp: { amount: 3n * DOLLAR } };

export type Stage = Awaited<ReturnType<typeof setStage>>;
