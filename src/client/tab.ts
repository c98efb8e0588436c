/** An agent's tab, as far as its client has to know it: what is left on it, and when to put more there. */
import type { Signer } from "../protocol/signature.ts";
import { OverLimitError, spendingOf, type TopUpLimits } from "../x402/limits.ts";
import { signTopUp } from "../x402/payment.ts";
import type { TopUp } from "../x402/scheme.ts";
import type { Terms } from "../x402/terms.ts";
import type { ProviderTab } from "./messages.ts";

/** Part of a tab that one request takes, with the top-up that travels with it, if any. */
export type Draft = {
  readonly topUp: TopUp | undefined;
  /** The request was refused, or never sent: its part is free again, and its top-up goes with another one. */
  readonly refused: (code?: string) => void;
};

export type TabDraws = {
  /** Throws where neither the tab nor a top-up covers a price. */
  readonly draw: (terms: Terms, now: number) => Promise<Draft>;
  /** Looks again at what is on it, before the next request. */
  readonly forget: () => void;
};

/** Long enough for any chain to take it, short enough to be forgotten. */
const TOP_UP_SECONDS = 3_600;
/** A top-up that was not taken up by then is signed anew. */
const NEARLY_OVER = 300n;

/** Said by a gateway that looked at the tab, and so has taken the top-up to the chain if there was one. */
const MONEY_CODES = new Set(["no-tab", "underfunded", "understaked", "exiting", "payment-failed"]);

/** @param look The tab, as its provider has it. */
export function drawsFrom(look: () => Promise<ProviderTab>, limits: TopUpLimits, account: Signer): TabDraws {
  const spending = spendingOf(limits);
  let known: Promise<ProviderTab> | undefined;
  let left = 0n;
  /** Signed, and not known to have reached the provider. */
  let loose: TopUp | undefined;

  const refresh = async (): Promise<void> => {
    if (known !== undefined) {
      await known;
      return;
    }
    const asked = look();
    known = asked;
    try {
      left = (await asked).available;
    } catch (error) {
      if (known === asked) known = undefined;
      throw error;
    }
  };

  /** What is on its way counts as there: the requests after it need none of their own. */
  const topUpFor = async (terms: Terms, now: number): Promise<TopUp | undefined> => {
    if (left >= limits.below && left >= terms.price) return undefined;
    if (limits.amount === 0n) return undefined;
    const kept = loose;
    loose = undefined;
    if (kept !== undefined && kept.validBefore > BigInt(now) + NEARLY_OVER) {
      left += kept.amount;
      return kept;
    }
    try {
      spending.expose(limits.amount);
    } catch (error) {
      // A tab that still covers the price needs no more for now.
      if (error instanceof OverLimitError && left >= terms.price) return undefined;
      throw error instanceof OverLimitError ? new OverLimitError("top-ups", error.wanted, error.allowed) : error;
    }
    left += limits.amount;
    try {
      return await signTopUp(terms, limits.amount, now + TOP_UP_SECONDS, account);
    } catch (error) {
      left -= limits.amount;
      throw error;
    }
  };

  return {
    async draw(terms, now) {
      await refresh();
      if (left < terms.price && limits.amount === 0n) {
        // Somebody may have put money there since.
        known = undefined;
        await refresh();
      }
      const topUp = await topUpFor(terms, now);
      if (left < terms.price) {
        if (topUp !== undefined) {
          left -= topUp.amount;
          loose = topUp;
        }
        throw new TabShortError(left, terms.price);
      }
      left -= terms.price;
      return {
        topUp,
        refused(code = "") {
          left += terms.price;
          if (MONEY_CODES.has(code)) known = undefined;
          if (topUp === undefined) return;
          left -= topUp.amount;
          if (!MONEY_CODES.has(code)) loose ??= topUp;
        },
      };
    },
    forget() {
      known = undefined;
    },
  };
}

/** A tab does not cover a request, and may not be topped up. Nothing was signed. */
export class TabShortError extends Error {
  override readonly name = "TabShortError";
  readonly available: bigint;
  readonly price: bigint;

  constructor(available: bigint, price: bigint) {
    super(
      `Your tab has ${available} units left that are not promised, and this costs ${price}. Nothing was signed. ` +
        "Fund it, or allow larger top-ups.",
    );
    this.available = available;
    this.price = price;
  }
}
