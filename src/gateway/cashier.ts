/** What the provider does on chain while a client waits: taking a payment in, topping a tab up, putting a stake beside it. */
import { encodeFunctionData, erc20Abi, zeroHash, type Address, type Hex, type PublicClient } from "viem";

import { CallRevertedError } from "../chain/gas.ts";
import type { Sender } from "../chain/send.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Authorization } from "../protocol/authorization.ts";
import type { Request } from "../protocol/request.ts";
import type { Signature } from "../protocol/signature.ts";
import { vaultOf } from "../protocol/vault.ts";
import type { Database } from "../store/database.ts";
import { readTab, totals } from "../store/chain-state.ts";
import type { TopUp } from "../x402/scheme.ts";
import { Problem } from "./problem.ts";
import type { GatewaySettings } from "./settings.ts";
import type { Sync } from "./sync.ts";

/** How long a client waits for the chain at most. */
const PATIENCE_MS = 30_000;
/** More at once would let strangers spend the provider's gas faster than it can look at what they bring. */
const MOST_TOP_UPS = 8;

export type Cashier = {
  /** Submits a payer's authorization. Resolves when it is mined. */
  readonly topUp: (payer: Address, topUp: TopUp) => Promise<void>;
  /** Waits until a tab covers a request in final blocks, and puts up the stake that it asks for. */
  readonly isCovered: (request: Request) => Promise<boolean>;
  /** Takes a stock payment in. Resolves when the lock is open, with the transaction that opened it, if it was ours. */
  readonly openLock: (
    request: Request,
    id: Hex,
    authorization: Authorization & { readonly signature: Signature },
  ) => Promise<Hex | undefined>;
  /** Puts the policy's stake beside a tab that is worth it. */
  readonly stakeFor: (payer: Address) => Promise<void>;
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
  const send = async (what: string, data: Hex): Promise<Hex> =>
    (await sender.send({ to: escrow, data, what })).transaction;

  const stateOf = async (id: Hex): Promise<number> => {
    const lock = await client.readContract({ address: escrow, abi: escrowAbi, functionName: "lockOf", args: [id] });
    return lock.state;
  };
  const hasArrived = async (request: Request, id: Hex): Promise<boolean> => {
    const held = await client.readContract({
      address: settings.token.address,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [vaultOf(id, escrow)],
    });
    return held >= request.price;
  };
  const stakeFor = (payer: Address): Promise<void> =>
    once(`stake ${payer.toLowerCase()}`, async () => {
      const { stake: policy } = settings;
      if (policy === undefined) return;
      const { funds, stake } = await readTab(database, payer);
      const missing = policy.perTab - stake;
      if (missing <= 0n || funds < policy.leastFunds) return;
      if ((await totals(database)).staked + missing > policy.total) return;
      const data = encodeFunctionData({ abi: escrowAbi, functionName: "stake", args: [payer, missing] });
      await send(`stake ${missing} units in the tab of ${payer}`, data);
    });

  return {
    stakeFor,
    async topUp(payer, { amount, validAfter, validBefore, salt, signature }) {
      if (amount < settings.leastTopUp) {
        throw new Problem("wrong-terms", `A top-up must be of at least ${settings.leastTopUp} units, got ${amount}.`);
      }
      if (once.count() >= MOST_TOP_UPS) {
        throw new Problem("overloaded", "Too many tabs are being topped up. Try again.");
      }
      const args = [payer, sender.address, amount, validAfter, validBefore, salt, signature] as const;
      const data = encodeFunctionData({ abi: escrowAbi, functionName: "fundWithAuthorization", args });
      // One at a time for each payer: a second could be the same money.
      await once(`fund ${payer.toLowerCase()}`, async () => {
        await send(`top up the tab of ${payer}`, data).catch(toProblem);
      });
    },
    async isCovered({ payer, price, penalty }) {
      let isStaking = false;
      return sync.until(async () => {
        const { funds, promised, stake } = await readTab(database, payer);
        if (funds - promised < price) return false;
        if (stake >= penalty) return true;
        if (settings.stake === undefined || settings.stake.perTab < penalty) return false;
        if (!isStaking) await stakeFor(payer);
        isStaking = true;
        return false;
      }, PATIENCE_MS);
    },
    openLock: (request, id, authorization) =>
      once(id, async (): Promise<Hex | undefined> => {
        const state = await stateOf(id);
        if (state === OPEN) return undefined;
        if (state !== NONE) throw new Problem("closed", "This request is over. Ask anew for another quote.");
        const open = (signature: Signature): Promise<Hex> => {
          const args = [request, { ...authorization, signature }] as const;
          return send(
            `open request ${id}`,
            encodeFunctionData({ abi: escrowAbi, functionName: "openFromVault", args }),
          );
        };
        try {
          return await open(authorization.signature);
        } catch (error) {
          // Somebody else submitted the authorization: the money is in the vault, and whose it is was signed.
          if (!(error instanceof CallRevertedError) || !(await hasArrived(request, id))) return toProblem(error);
          return open(NOTHING_TO_PULL).catch(toProblem);
        }
      }),
  };
}

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
  return Object.assign(once, { count: () => underWay.size });
}
