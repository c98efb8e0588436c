/** An agent's connection to one provider: it asks, pays within limits, and checks all that it is told. */
import { createWalletClient, custom } from "viem";
import type { Address, Hash, LocalAccount, PublicClient } from "viem";

import { connectChain } from "../chain/rpc.ts";
import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Fetch } from "../x402/fetch-json.ts";
import { defaultLimits, spendingOf, type Limits, type TopUpLimits } from "../x402/limits.ts";
import { slotsOf } from "../x402/slots.ts";
import { isAttested, openAttested, type AttestedConnection } from "./attested/connection.ts";
import type { AttestedAnswer } from "./attested/answer.ts";
import type { AttestedOrder } from "./attested/order.ts";
import type { StreamedAnswer } from "./attested/stream.ts";
import { ask, complete, type Answer, type AskOptions } from "./ask.ts";
import type { Order } from "./answer.ts";
import { chainTime, checkEscrow, headOf } from "./chain.ts";
import type { Desk } from "./desk.ts";
import { memoryBook, type Book } from "./evidence.ts";
import { gatewayAt, isDecided, type Gateway } from "./gateway.ts";
import type { Listing, Provider } from "./messages.ts";
import { readListing, type Model } from "./model.ts";
import { fund, type Wallet } from "./redress.ts";
import { ClosedError, followSettlements } from "./settlements.ts";
import { drawsFrom } from "./tab.ts";
import { findListing, trustIn, type Trusted } from "./trust.ts";
import { checkParties } from "../x402/terms.ts";

/** A node of the agent's own choice: it is what everything else is held against. */
export type ConnectOptions = ({ readonly rpc: string } | { readonly client: PublicClient }) & {
  /** Those that are not named are the default ones. */
  readonly limits?: Partial<Omit<Limits, "topUp">> & { readonly topUp?: Partial<TopUpLimits> };
  readonly trust?: Trusted;
  /** Keeps what the provider signs, for a watch; in memory where none is given. */
  readonly book?: Book;
  /** How many blocks there must be from a settlement's own to the latest one. */
  readonly confirmations?: number;
  readonly fetch?: Fetch;
  /** Milliseconds for each answer of the gateway; it may have to wait for the chain. */
  readonly timeout?: number;
  /** How often a request is sent that gets no answer, and the first pause in milliseconds. */
  readonly attempts?: number;
  readonly pause?: number;
  /** Milliseconds between two looks for settlements. */
  readonly interval?: number;
};

/** What is on a tab: by the chain, and by what the provider says that it promised. */
export type TabState = {
  readonly funds: bigint;
  readonly stake: bigint;
  /** Until when the funds stay after an exit was started; zero when none was. */
  readonly exitAt: number;
  /** Of the account in the escrow, to withdraw. */
  readonly balance: bigint;
  readonly promised: bigint;
  readonly available: bigint;
};

export type Connection = AttestedConnection & {
  readonly provider: Provider;
  /** The price list, as the gateway tells it; a model is checked before it is asked. */
  readonly models: () => Promise<readonly Listing[]>;
  /** Asks a model, by its id or by a name that is trusted. */
  readonly ask: (model: string, input: unknown, options?: AskOptions) => Promise<Answer>;
  /** Sends a request again that got no answer, or not all of one; it is charged once. */
  readonly resume: Resume;
  readonly tab: () => Promise<TabState>;
  /** Puts the account's money on its tab, at once and beyond the limits of top-ups; a wallet may pay the gas for it. */
  readonly fund: (amount: bigint, wallet?: Wallet) => Promise<Hash>;
  readonly book: Book;
  /** Ends everything that is waited for. */
  readonly close: () => void;
};

type Resume = {
  (order: Order): Promise<Answer>;
  (order: AttestedOrder): Promise<AttestedAnswer | StreamedAnswer>;
};

/** A local chain has a block when it has a transaction; on others a few blocks may still change. */
const CONFIRMATIONS = { local: 1, other: 12 } as const;
const FUNDING_SECONDS = 3_600;

/** Connects an account with a provider, whose word is held against the chain first. Nothing is signed here. */
export async function connect(url: string, account: LocalAccount, options: ConnectOptions): Promise<Connection> {
  const client = "client" in options ? options.client : await connectChain({ rpc: options.rpc });
  const closing = new AbortController();
  const { timeout = 60_000, attempts = 5, pause = 500, interval = 1_000, trust: trusted = {} } = options;
  const fetch: Fetch = options.fetch ?? ((at, init) => globalThis.fetch(at, init));
  const gateway = gatewayAt(url, { fetch, timeout, attempts, pause, signal: closing.signal });
  const provider = await gateway.provider();
  const trust = trustIn(provider, trusted);
  checkParties(provider, trust);
  const escrow = await checkEscrow(client, provider);
  const deployment = { chainId: escrow.chainId, escrow: escrow.address };
  const limits = limitsIn(provider.token.decimals, options.limits);
  const confirmations = options.confirmations ?? CONFIRMATIONS[escrow.chainId === LOCAL_CHAIN_ID ? "local" : "other"];
  const settlements = followSettlements({ client, deployment, confirmations, interval });
  const desk: Desk = {
    account,
    client,
    gateway,
    provider,
    escrow,
    trust,
    limits,
    slots: slotsOf(spendingOf(limits), async () => {
      const { nextNonce } = await gateway.tab(account.address);
      await checkNonce(client, provider, account.address, nextNonce);
      return nextNonce;
    }),
    tab: drawsFrom(() => gateway.tab(account.address), limits.topUp, account),
    head: headOf(client),
    settlements,
    book: options.book ?? memoryBook(),
  };
  const { models, modelBy, forget } = priceList(gateway, (listing) => {
    return readListing(listing, client, { chainId: escrow.chainId, trusted });
  });
  const contract = { address: escrow.address, abi: escrowAbi } as const;
  const attested = openAttested(desk, trusted);
  const whileOpen = <Args extends unknown[], Result>(act: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      if (closing.signal.aborted) throw new ClosedError();
      return act(...args);
    };
  };

  return {
    enclaves: attested.enclaves,
    chat: whileOpen(attested.chat),
    embed: whileOpen(attested.embed),
    chatStream: whileOpen(attested.chatStream),
    provider,
    models,
    book: desk.book,
    async ask(name, input, askOptions) {
      if (closing.signal.aborted) throw new ClosedError();
      const model = await modelBy(findListing(await models(), name, trusted, escrow.chainId));
      try {
        return await ask(desk, model, input, askOptions);
      } catch (error) {
        // Its prices may have changed.
        if (isDecided(error)) forget();
        throw error;
      }
    },
    resume: ((order: Order | AttestedOrder) =>
      isAttested(order) ? attested.resume(order) : complete(desk, order)) as Resume,
    async tab() {
      const [{ funds, stake, exitAt }, balance, { promised, available }] = await Promise.all([
        client.readContract({ ...contract, functionName: "tabOf", args: [account.address, provider.provider] }),
        client.readContract({ ...contract, functionName: "balanceOf", args: [account.address] }),
        gateway.tab(account.address),
      ]);
      return { funds, stake, exitAt, balance, promised, available };
    },
    async fund(amount, wallet = createWalletClient({ account, transport: custom(client) })) {
      const validBefore = (await chainTime(desk.head)) + FUNDING_SECONDS;
      const parties = { ...deployment, escrow: escrow.address, provider: provider.provider, token: provider.token };
      const hash = await fund(wallet, account, parties, { amount, validBefore });
      desk.tab.forget();
      return hash;
    },
    close() {
      closing.abort();
      settlements.close();
    },
  };
}

function limitsIn(decimals: number, given: ConnectOptions["limits"] = {}): Limits {
  const limits = defaultLimits(decimals);
  return { ...limits, ...given, topUp: { ...limits.topUp, ...given.topUp } };
}

type PriceList = {
  readonly models: () => Promise<readonly Listing[]>;
  readonly modelBy: (listing: Listing) => Promise<Model>;
  /** Looks at it anew next time. */
  readonly forget: () => void;
};

/** The price list and the models in it that were read; each is read once. */
function priceList(gateway: Gateway, read: (listing: Listing) => Promise<Model>): PriceList {
  let listings: Promise<readonly Listing[]> | undefined;
  let known = new Map<Listing, Promise<Model>>();
  const forget = (): void => {
    listings = undefined;
    known = new Map();
  };
  return {
    forget,
    async models() {
      listings ??= gateway.models();
      try {
        return await listings;
      } catch (error) {
        forget();
        throw error;
      }
    },
    async modelBy(listing: Listing) {
      const reading = known.get(listing) ?? read(listing);
      known.set(listing, reading);
      try {
        return await reading;
      } catch (error) {
        known.delete(listing);
        throw error;
      }
    },
  };
}

/** Under a used nonce nothing can be settled, and no provider be held to its word. */
async function checkNonce(client: PublicClient, provider: Provider, payer: Address, nonce: bigint): Promise<void> {
  const isUsed = await client.readContract({
    address: provider.escrow,
    abi: escrowAbi,
    functionName: "isNonceUsed",
    args: [payer, provider.provider, nonce],
  });
  if (isUsed) throw new StaleNonceError(nonce);
}

/** A gateway names a nonce that was used before. */
export class StaleNonceError extends Error {
  override readonly name = "StaleNonceError";

  constructor(nonce: bigint) {
    super(
      `The gateway says that your next nonce is ${nonce}, which the chain has as used: no answer to it could settle. ` +
        "Nothing was signed. The gateway has lost its journal, or lies.",
    );
  }
}
