/** What a gateway answers when it does not do what was asked: RFC 9457, with codes that stay. */

/** Each code with its status and title. The text of a problem may change, its code does not. */
export const PROBLEMS = {
  "malformed-body": [400, "The body is not what this route takes"],
  "malformed-payment": [400, "The payment header cannot be read"],
  "payment-required": [402, "This has a price"],
  "unknown-scheme": [402, "The payment is in a scheme that is not offered"],
  "wrong-terms": [402, "The payment is for other terms than those offered"],
  "stale-quote": [402, "The quote is too old, or is not one of this provider"],
  "bad-signature": [402, "A signature does not hold"],
  "bad-deadline": [402, "The deadline is too near or too far"],
  "no-tab": [402, "The payer has no tab with this provider"],
  underfunded: [402, "The payer's tab does not cover the price"],
  understaked: [402, "The provider's stake in the payer's tab does not cover the penalty"],
  exiting: [402, "The payer's tab is being left before the deadline"],
  "payment-failed": [402, "The chain did not take the payment"],
  "nonce-used": [409, "The nonce is used"],
  "nonce-too-high": [409, "The nonce is too far ahead"],
  busy: [409, "This very request is being answered"],
  closed: [409, "This request is over"],
  "lease-lost": [409, "The lease is over"],
  "not-found": [404, "There is nothing here"],
  "unknown-model": [404, "There is no such model here"],
  "unknown-request": [404, "There is no such request here"],
  "not-committed": [404, "The receipt is in no commitment yet"],
  "unknown-attestation": [404, "No such attestation was shown here"],
  "not-open": [403, "These jobs are not open to others"],
  "body-too-large": [413, "The body is too large"],
  "not-json": [415, "The body is not JSON"],
  "bad-input": [422, "The model does not take this input"],
  "too-many-requests": [429, "Too many requests from one address"],
  overloaded: [503, "Too much is being done at once"],
  "not-attested": [503, "The enclave's answers cannot be verified now"],
  "enclave-failed": [502, "The enclave gave no answer"],
  "behind-chain": [503, "The gateway does not see the chain as it is now"],
  "store-down": [503, "The gateway cannot write its journal"],
  fault: [500, "The gateway has a fault"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown anywhere below a route, and answered by it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;

  /** @param detail What was wrong, what was given and what to do; never an input, a salt or a key. */
  constructor(code: ProblemCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }

  get status(): (typeof PROBLEMS)[ProblemCode][0] {
    return PROBLEMS[this.code][0];
  }

  toJson() {
    return {
      type: `about:blank#${this.code}`,
      title: PROBLEMS[this.code][1],
      status: this.status,
      detail: this.message,
      code: this.code,
    };
  }
}
