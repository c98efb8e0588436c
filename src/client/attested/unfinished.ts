import type { AttestedOrder } from "./order.ts";

/** A signed question has no answer yet that ended in an enclave's signature, and no refusal either. */
export class UnfinishedError extends Error {
  override readonly name = "UnfinishedError";
  /** To be sent again, to the same provider, until its deadline: it is charged once. */
  readonly order: AttestedOrder;

  constructor(order: AttestedOrder, options?: ErrorOptions) {
    super(
      `The answer to ${order.id} did not arrive to its end. Get it, as far as the enclave signed for it, with ` +
        "resume(error.order), at no further cost; asking anew could be charged twice. Do not rely on chunks that were " +
        "read already.",
      options,
    );
    this.order = order;
  }
}
