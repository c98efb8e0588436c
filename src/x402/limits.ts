/** What an agent lets its client spend, however much it is asked for. */

/** In units of the token. */
export type Limits = {
  /** The most for one request. */
  readonly price: bigint;
  /** The most for all requests that are signed while this lasts, whether they are answered or not. */
  readonly total: bigint;
  /** The most for the requests signed within any 24 hours; `total` alone counts where none is given. */
  readonly daily?: bigint;
  /** The least that a provider must lose if it breaks its word. */
  readonly penalty?: bigint;
  /** The most seconds for which a request may bind money. */
  readonly timeout: number;
  readonly topUp: TopUpLimits;
};

export type TopUpLimits = {
  /** How much one authorization moves onto a tab; zero for none. */
  readonly amount: bigint;
  /** A tab with less than this is topped up before it is empty. */
  readonly below: bigint;
  /** The most for all authorizations that are signed while this lasts. */
  readonly total: bigint;
};

/** What applies unless a caller says otherwise: ten cents a request, five dollars in all, both ways. */
export function defaultLimits(decimals: number): Limits {
  const cents = (count: number): bigint => (BigInt(count) * 10n ** BigInt(decimals)) / 100n;
  return {
    price: cents(10),
    total: cents(500),
    timeout: 86_400,
    topUp: { amount: cents(100), below: cents(20), total: cents(500) },
  };
}

/** Money that may still leave, since a signature for it is out of the caller's hands. */
export type Exposure = {
  /** Makes it larger if it has to be. Throws, and changes nothing, where that is beyond a limit. */
  readonly raiseTo: (amount: bigint) => void;
};

export type Spending = {
  /** Counts an amount before it is signed for. Throws where that is beyond a limit. */
  readonly expose: (amount: bigint) => Exposure;
};

const DAY = 86_400_000;

/** Counts one kind of spending. What was counted stays counted: whoever holds a signature may use it late. */
export function spendingOf(limits: Pick<Limits, "total" | "daily">, now: () => number = Date.now): Spending {
  let total = 0n;
  let recent: { readonly at: number; readonly amount: bigint }[] = [];
  const count = (amount: bigint): void => {
    if (total + amount > limits.total) throw new OverLimitError("total", total + amount, limits.total);
    if (limits.daily !== undefined) {
      const at = now();
      recent = recent.filter((each) => each.at > at - DAY);
      const today = recent.reduce((sum, each) => sum + each.amount, amount);
      if (today > limits.daily) throw new OverLimitError("daily", today, limits.daily);
      recent.push({ at, amount });
    }
    total += amount;
  };
  return {
    expose(amount) {
      let counted = 0n;
      const raiseTo = (wanted: bigint): void => {
        if (wanted <= counted) return;
        count(wanted - counted);
        counted = wanted;
      };
      raiseTo(amount);
      return { raiseTo };
    },
  };
}

/** Something would cost more than the caller allows. Nothing was signed. */
export class OverLimitError extends Error {
  override readonly name = "OverLimitError";
  readonly limit: "price" | "total" | "daily" | "top-ups";
  readonly wanted: bigint;
  readonly allowed: bigint;

  constructor(limit: OverLimitError["limit"], wanted: bigint, allowed: bigint) {
    super(
      `The limit "${limit}" allows ${allowed} token units, and this would make ${wanted}. Raise it, if you mean to.`,
    );
    this.limit = limit;
    this.wanted = wanted;
    this.allowed = allowed;
  }
}
