/** Whether fees pay for gas: of a stranger's job before it is proven, and of a batch before it is sent. */
import { isAddressEqual, zeroAddress, type Address, type PublicClient } from "viem";

import type { Request } from "../protocol/request.ts";
import { isNear, type Batchable } from "./batch.ts";
import type { GasGuess, Size } from "./gas.ts";
import { exchangeOf, PriceRefusedError, type PriceSource } from "./price-source.ts";

export type WorthOptions = {
  readonly client: PublicClient;
  readonly prices: PriceSource;
  readonly tokenDecimals: number;
  readonly gas: (verifier: Address) => GasGuess;
  readonly batchSize: number;
  readonly deadlineMarginSeconds: number;
  /** The provider whose penalties this prover avoids; none where it works for fees alone. */
  readonly own: Address | undefined;
};

/** Anything that carries a request to be settled, and what its provider gets for it. */
export type Paying = Batchable & { readonly request: Request; readonly fill: { readonly charge: bigint } };

export type Judgement<Item> = {
  readonly settle: readonly Item[];
  /** Gas may become cheaper, or more fees come together. */
  readonly later: readonly Item[];
  readonly aside: readonly Item[];
  /** Why not all are settled. */
  readonly reason: string;
};

export type Worth = {
  /** Why a job is not worth proving; undefined when it is. */
  readonly whyNotProve: (request: Request) => Promise<string | undefined>;
  readonly judge: <Item extends Paying>(batch: readonly Item[], chainTime: number) => Promise<Judgement<Item>>;
};

/** Prepares to compare fees with gas. */
export function startWorth(options: WorthOptions): Worth {
  const { client, prices, tokenDecimals, gas, batchSize, deadlineMarginSeconds, own } = options;
  const isOwn = ({ provider }: Request): boolean => own !== undefined && isAddressEqual(own, provider);

  /** In token units; undefined where nobody asks. */
  const priceOf = async (amount: bigint): Promise<bigint | undefined> => {
    const exchange = await exchangeOf(prices, client, tokenDecimals);
    return exchange?.(amount * (await client.getGasPrice()));
  };

  /** An attested answer has no prover's fee: who settles it for its own provider earns all of the charge. */
  const earnedBy = ({ request, fill }: Paying): bigint =>
    request.proverFee === 0n && isOwn(request) ? fill.charge : request.proverFee;

  return {
    async whyNotProve(request): Promise<string | undefined> {
      if (isOwn(request)) return undefined;
      const cost = await priceOf(gas(request.verifier).share(batchSize, hasConsumer(request)));
      if (cost === undefined || request.proverFee >= cost) return undefined;
      return `its fee of ${request.proverFee} is below ${cost}, its expected part of the gas`;
    },

    async judge(batch, chainTime) {
      const [first] = batch;
      if (first === undefined) return { settle: [], later: [], aside: [], reason: "" };
      const cost = await priceOf(gas(first.verifier).of(sizeOf(batch))).catch((error: unknown) => {
        if (error instanceof PriceRefusedError) return error;
        throw error;
      });
      const fees = batch.reduce((sum, item) => sum + earnedBy(item), 0n);
      if (cost === undefined || (!(cost instanceof Error) && fees >= cost)) {
        return { settle: batch, later: [], aside: [], reason: "" };
      }
      const reason =
        cost instanceof Error ? cost.message : `fees of ${fees} do not pay for gas, which costs ${cost} for the batch`;
      const isDue = (item: Paying): boolean => isNear(item, chainTime, deadlineMarginSeconds);
      return {
        // At a loss, since the penalty would be a larger one.
        settle: batch.filter((item) => isDue(item) && isOwn(item.request)),
        later: batch.filter((item) => !isDue(item)),
        aside: batch.filter((item) => isDue(item) && !isOwn(item.request)),
        reason,
      };
    },
  };
}

/** How much work a batch is for the chain. */
export function sizeOf(batch: readonly Paying[]): Size {
  return { inferences: batch.length, callbacks: batch.filter(({ request }) => hasConsumer(request)).length };
}

function hasConsumer({ consumer }: Request): boolean {
  return !isAddressEqual(consumer, zeroAddress);
}
