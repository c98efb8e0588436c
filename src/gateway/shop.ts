/** The models that a gateway sells, opened and checked, with their prices. */
import type { Address, Hex } from "viem";

import { openModel, type OpenModel } from "../model/bundle/open.ts";
import type { Offer } from "../x402/scheme.ts";
import type { Sale } from "./settings.ts";
import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import type { Deployment } from "../protocol/deployment.ts";

export type Ware = { readonly model: OpenModel; readonly offer: Offer; readonly openJobs: boolean };

export type Shop = ReadonlyMap<Hex, Ware>;

/** Opens all models that are for sale. */
export async function openShop(sales: readonly Sale[], deployment: Deployment, provider: Address): Promise<Shop> {
  const shop = new Map<Hex, Ware>();
  for (const { folder, verifier, price, proverFee, penalty, timeout, openJobs } of sales) {
    if (price === 0n || proverFee > price) throw new BadPriceError(folder, price, proverFee);
    const model = await openModel(folder);
    if (model.isDevelopment && deployment.chainId !== LOCAL_CHAIN_ID) throw new DevelopmentSaleError(folder);
    if (shop.has(model.id)) throw new SoldTwiceError(folder, model.id);
    const terms = { price, proverFee, penalty, timeout };
    shop.set(model.id, {
      model,
      offer: { escrow: deployment.escrow, provider, verifier, model: model.id, ...terms },
      openJobs,
    });
  }
  return shop;
}

/** A gateway without models. */
export class NothingForSaleError extends Error {
  override readonly name = "NothingForSaleError";

  constructor() {
    super("There is no model to sell. Name at least one built model with its price, or one enclave.");
  }
}

/** A price that nothing could be earned by. */
export class BadPriceError extends Error {
  override readonly name = "BadPriceError";

  constructor(folder: string, price: bigint, proverFee: bigint) {
    super(
      `The price of ${folder} must be above zero and cover the prover's fee, got ${price} and ${proverFee} units. ` +
        "Raise the price, or lower the fee.",
    );
  }
}

/** Two entries sell one model. */
export class SoldTwiceError extends Error {
  override readonly name = "SoldTwiceError";

  constructor(folder: string, model: Hex) {
    super(`${folder} is the model ${model}, which is for sale already. Remove one of the two entries.`);
  }
}

/** A model whose proofs somebody can forge is for sale where there is money. */
export class DevelopmentSaleError extends Error {
  override readonly name = "DevelopmentSaleError";

  constructor(folder: string) {
    super(
      `${folder} has a key for development, and the chain is not a local one: whoever knows its secret forges answers. ` +
        "Build it on the phase 1 of a public ceremony.",
    );
  }
}
