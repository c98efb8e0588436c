/** Nonces of an agent's requests to one provider, each with the money that a request under it may cost. */
import type { Exposure, Spending } from "./limits.ts";

/** One nonce, in use. */
export type Slot = {
  readonly nonce: bigint;
  /**
   * To be used again, since the provider refused the request. Whatever it does with that signature later, only one request
   * with this nonce can ever be paid: what was counted for it covers the next one too.
   */
  readonly giveBack: () => void;
  /** Not to be used again: the provider says that it is spent, and so are perhaps those after it. */
  readonly spoil: () => void;
};

export type Slots = {
  /** A nonce that no other request has now. Throws where the price is beyond a limit. */
  readonly take: (price: bigint) => Promise<Slot>;
};

/** @param next The provider's word for the lowest nonce that it has not seen. */
export function slotsOf(spending: Spending, next: () => Promise<bigint>): Slots {
  const free: { readonly nonce: bigint; readonly exposure: Exposure }[] = [];
  let counter: Promise<bigint> | undefined;
  let issued = 0n;

  const synchronised = async (): Promise<void> => {
    counter ??= next();
    const asked = counter;
    try {
      const said = await asked;
      // Never back: below are requests that were signed here.
      if (said > issued) issued = said;
    } catch (error) {
      if (counter === asked) counter = undefined;
      throw error;
    }
  };

  return {
    async take(price) {
      await synchronised();
      const again = free.shift();
      if (again !== undefined) {
        try {
          again.exposure.raiseTo(price);
        } catch (error) {
          free.unshift(again);
          throw error;
        }
      }
      const own = again ?? { exposure: spending.expose(price), nonce: issued++ };
      return {
        nonce: own.nonce,
        giveBack() {
          // Twice would let two requests have it.
          if (!free.includes(own)) free.push(own);
        },
        spoil: () => {
          counter = undefined;
        },
      };
    },
  };
}
