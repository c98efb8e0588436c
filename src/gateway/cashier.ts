/** What the provider does on chain while a client waits: taking a payment in, topping a tab up, putting a stake beside it. */
import {
  encodeFunctionData,
  erc20Abi,
  isAddressEqual,
  zeroAddress,
  zeroHash,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";

import { CallRevertedError } from "../chain/gas.ts";
import type { Sender } from "../chain/send.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Authorization } from "../protocol/authorization.ts";
import type { Request } from "../protocol/request.ts";
import type { Signature } from "../protocol/signature.ts";
import { vaultOf } from "../protocol/vault.ts";
import type { Database } from "../store/database.ts";
import { readPosition, readTab } from "../store/chain-state.ts";
import type { TopUp } from "../x402/scheme.ts";
import { Problem } from "./problem.ts";
import type { GatewaySettings } from "./settings.ts";
import { openStakes } from "./stakes.ts";
import type { Sync } from "./sync.ts";

/** How long a client waits for the chain at most. */
const PATIENCE_MS = 30_000;
/** More at once would let strangers spend the provider's gas faster than it can look at what they bring. */
const MOST_TOP_UPS = 8;

export type Cashier = {
  /** Submits a payer's authorization. Resolves when it is mined, with its block. */
  readonly topUp: (payer: Address, topUp: TopUp) => Promise<number>;
  /**
   * Waits until a tab covers a request in final blocks, and puts up the stake that it asks for; but no longer than there
   * is something on its way: whoever waits takes the place of somebody who could be answered.
   *
   * @param toppedUpIn The block of a top-up that is waited for.
   */
  readonly awaitCover: (request: Request, toppedUpIn?: number) => Promise<void>;
  /** Takes a stock payment in. Resolves when the lock is open, with the transaction that opened it, if it was ours. */
  readonly openLock: (
    request: Request,
    id: Hex,
    authorization: Authorization & { readonly signature: Signature },
  ) => Promise<Hex | undefined>;
  /** Puts the policy's stake beside a tab that is worth it. False where the policy puts none. */
  readonly stakeFor: (payer: Address) => Promise<boolean>;
};

export type CashierOptions = {
  readonly settings: GatewaySettings;
  readonly client: PublicClient;
  readonly sender: Sender;
  readonly database: Database;
  readonly sync: Sync;
};

const NOTHING_TO_PULL: Signature = { r: zeroHash, vs: zeroHash };

export function openCashier({ settings, client, sender, database, sync }: CashierOptions): Cashier {
  const { escrow } = settings.deployment;
  const once = onlyOnce();
  const send = async (what: string, data: Hex) => sender.send({ to: escrow, data, what });

  const lockOf = (id: Hex) =>
    client.readContract({ address: escrow, abi: escrowAbi, functionName: "lockOf", args: [id] });
  /** What is in a vault, and how much of that an account paid in by itself, as the token says. */
  const lookInto = async (id: Hex, from: Address) => {
    const vault = vaultOf(id, escrow);
    const token = { address: settings.token.address, abi: erc20Abi } as const;
    const head = await client.getBlockNumber();
    const transfers = await client.getContractEvents({
      ...token,
      eventName: "Transfer",
      args: { from, to: vault },
      fromBlock: head > QUOTE_BLOCKS ? head - QUOTE_BLOCKS : 0n,
      strict: true,
    });
    return {
      held: await client.readContract({ ...token, functionName: "balanceOf", args: [vault] }),
      own: transfers.reduce((sum, { args }) => sum + args.value, 0n),
    };
  };
  const stakeFor = openStakes({ settings, provider: sender.address, client, database, send });
  /** Whether a stake that covers the penalty is on its way. What the provider allowed may be spent on other tabs. */
  const isStaking = async ({ payer, penalty }: Request): Promise<boolean> => {
    if (settings.stake === undefined || settings.stake.perTab < penalty) return false;
    return stakeFor(payer).catch((error: unknown) => {
      if (error instanceof CallRevertedError) return false;
      throw error;
    });
  };

  return {
    stakeFor,
    async topUp(payer, { amount, validAfter, validBefore, salt, signature }) {
      if (amount < settings.leastTopUp) {
        throw new Problem("wrong-terms", `A top-up must be of at least ${settings.leastTopUp} units, got ${amount}.`);
      }
      if (once.count(FUND) >= MOST_TOP_UPS) {
        throw new Problem("overloaded", "Too many tabs are being topped up. Try again.");
      }
      const args = [payer, sender.address, amount, validAfter, validBefore, salt, signature] as const;
      const data = encodeFunctionData({ abi: escrowAbi, functionName: "fundWithAuthorization", args });
      // One at a time for each payer: a second could be the same money.
      return once(`${FUND} ${payer.toLowerCase()}`, async () => {
        return (await send(`top up the tab of ${payer}`, data).catch(toProblem)).block;
      });
    },
    async awaitCover(request, toppedUpIn = 0) {
      let staking: Promise<boolean> | undefined;
      await sync.until(async () => {
        const { final } = await readPosition(database);
        const { funds, promised, stake } = await readTab(database, request.payer);
        if (funds - promised < request.price) return (final?.number ?? 0) >= toppedUpIn;
        return stake >= request.penalty || !(await (staking ??= isStaking(request)));
      }, PATIENCE_MS);
    },
    openLock: (request, id, authorization) =>
      once(id, async (): Promise<Hex | undefined> => {
        const { state, payer } = await lockOf(id);
        const isTheirs = [request.payer, authorization.from].some((one) => isAddressEqual(one, payer));
        if (state === OPEN && isTheirs) return undefined;
        if (state !== NONE) throw new Problem("closed", "This request is over. Ask anew for another quote.");
        const open = async (signature: Signature): Promise<Hex> => {
          const args = [request, { ...authorization, signature }] as const;
          const data = encodeFunctionData({ abi: escrowAbi, functionName: "openFromVault", args });
          return (await send(`open request ${id}`, data)).transaction;
        };
        // Where the request names nobody, all that is in the vault becomes this payer's: so it has to be this payer's. A
        // signature alone does not show that, since it may be worth nothing.
        const isArrived = async (): Promise<boolean> => {
          const { held, own } = await lookInto(id, authorization.from);
          if (held < request.price) return false;
          if (request.payer !== zeroAddress || own >= request.price) return true;
          throw new Problem("payment-failed", "Somebody else has paid this quote already. Ask for another one.");
        };
        // Somebody may have submitted the authorization: before it came here, or while it was on its way.
        if (await isArrived()) return open(NOTHING_TO_PULL).catch(toProblem);
        try {
          return await open(authorization.signature);
        } catch (error) {
          if (!(error instanceof CallRevertedError) || !(await isArrived())) return toProblem(error);
          return open(NOTHING_TO_PULL).catch(toProblem);
        }
      }),
  };
}

/** More than any chain has in the time in which a quote can be paid. */
const QUOTE_BLOCKS = 2000n;

/** What top-ups under way are known by. */
const FUND = "fund";

const NONE = 0;
const OPEN = 1;

function toProblem(error: unknown): never {
  if (!(error instanceof CallRevertedError)) throw error;
  throw new Problem("payment-failed", `The chain did not take the money: ${error.reason}`, { cause: error });
}

/** What is under way already is not begun a second time. */
function onlyOnce() {
  const underWay = new Map<string, Promise<unknown>>();
  const once = <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const current = underWay.get(key);
    if (current !== undefined) return current as Promise<Result>;
    const started = work().finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  };
  const count = (what: string): number => [...underWay.keys()].filter((key) => key.startsWith(`${what} `)).length;
  return Object.assign(once, { count });
}
