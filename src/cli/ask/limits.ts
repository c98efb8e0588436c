/** What one command may spend: the config's limits, or less. */
import { TOKEN_DECIMALS } from "../../deploy/token.ts";
import { defaultLimits, type Limits } from "../../x402/limits.ts";
import type { Config } from "../config/schema.ts";
import { amountOption, DOLLARS, dollarsText, unitsOf } from "../config/dollars.ts";
import { UsageError } from "../usage.ts";

export type LowerLimits = { readonly price?: string | undefined; readonly "top-up"?: string | undefined };

/** The limits of a command: an option lowers one, and only the config raises it. */
export function limitsFor(config: Config | undefined, options: LowerLimits): Limits {
  const limits = config?.agent?.limits ?? defaultLimits(TOKEN_DECIMALS);
  const { price, "top-up": topUp } = options;
  const amount = topUp === undefined ? undefined : topUpOption(topUp);
  return {
    ...limits,
    price: lowered("--price", price === undefined ? undefined : amountOption("--price", price), limits.price),
    topUp: { ...limits.topUp, amount: lowered("--top-up", amount, limits.topUp.amount) },
  };
}

function lowered(option: string, wanted: bigint | undefined, allowed: bigint): bigint {
  if (wanted !== undefined && wanted > allowed) throw new LimitRaisedError(option, wanted, allowed);
  return wanted ?? allowed;
}

function topUpOption(text: string): bigint {
  if (DOLLARS.test(text)) return unitsOf(text);
  throw new UsageError(`--top-up takes dollars such as 1 or 0.50, or 0, got ${JSON.stringify(text)}.`);
}

/** An option would allow more than the config does. */
export class LimitRaisedError extends Error {
  override readonly name = "LimitRaisedError";

  constructor(option: string, wanted: bigint, allowed: bigint) {
    super(
      `${option} ${dollarsText(wanted)} is more than your limit of ${dollarsText(allowed)}. An option can only lower it: ` +
        "raise it in the config's agent.limits, if you mean to.",
    );
  }
}
