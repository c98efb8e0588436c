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

  /** Money for the tab that travels with a request: signed before, or still to be signed. */
  const moreFor = ({ price }: Terms, now: number): TopUp | "new" | undefined => {
    if (limits.amount === 0n || (left >= limits.below && left >= price)) return undefined;
    // One that would not be enough is not signed for.
    if (left + limits.amount < price) return undefined;
    const kept = loose;
    loose = undefined;
    if (kept !== undefined && kept.validBefore > BigInt(now) + NEARLY_OVER) return kept;
    try {
      spending.expose(limits.amount);
      return "new";
    } catch (error) {
      // A tab that still covers the price needs no more for now.
      if (error instanceof OverLimitError && left >= price) return undefined;
      throw error instanceof OverLimitError ? new OverLimitError("top-ups", error.wanted, error.allowed) : error;
    }
  };

  /** All at once, so that questions that are asked together do not count on the same money. */
  const take = (terms: Terms, now: number): { readonly more: TopUp | "new" | undefined; readonly added: bigint } => {
    const more = moreFor(terms, now);
    const added = amountOf(more, limits);
    if (left + added < terms.price) throw new TabShortError(left, terms.price);
    // What is on its way counts as there: the requests after this one need none of their own.
    left += added - terms.price;
    return { more, added };
  };

  return {
    async draw(terms, now) {
      await refresh();
      let taken: ReturnType<typeof take>;
      try {
        taken = take(terms, now);
      } catch {
        // Somebody may have put money there since.
        known = undefined;
        await refresh();
        taken = take(terms, now);
      }
      const { more, added } = taken;
      let topUp: TopUp | undefined;
      const undo = (isLoose: boolean): void => {
        left += terms.price - added;
        if (isLoose) loose ??= topUp;
      };
      try {
        topUp = more === "new" ? await signTopUp(terms, limits.amount, now + TOP_UP_SECONDS, account) : more;
      } catch (error) {
        undo(false);
        throw error;
      }
      return {
        topUp,
        refused(code = "") {
          const isSeen = MONEY_CODES.has(code);
          undo(!isSeen);
          if (isSeen) known = undefined;
        },
      };
    },
    forget() {
      known = undefined;
    },
  };
}

function amountOf(more: TopUp | "new" | undefined, limits: TopUpLimits): bigint {
  if (more === undefined) return 0n;
  return more === "new" ? limits.amount : more.amount;
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
