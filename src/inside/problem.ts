/** What an enclave answers when it does not do what was asked: RFC 9457, with codes that stay. */

/** Each code with its status and title. */
export const PROBLEMS = {
  "malformed-body": [400, "The body is not what this route takes"],
  "price-too-low": [402, "The request's price does not cover what the answer can cost"],
  "not-found": [404, "There is no such route"],
  "unknown-model": [404, "The enclave does not answer for this model"],
  "unknown-answer": [404, "The enclave knows of no such answer"],
  busy: [409, "This very request is being answered"],
  answered: [409, "This very request was answered"],
  "body-too-large": [413, "The body is too large"],
  "not-json": [415, "The body is not JSON"],
  "bad-question": [422, "The model cannot be asked this"],
  "other-verifier": [422, "The request names another verifier"],
  "other-provider": [422, "The request is for a provider whose gateways the enclave does not answer to"],
  "prover-fee": [422, "An attested answer has no prover"],
  "bad-deadline": [422, "The deadline is over, or later than the enclave's key is good for"],
  "other-input": [422, "The request was signed for another body or salt"],
  "not-delivered": [422, "That cannot be delivered, or is nothing"],
  "upstream-refused": [422, "The upstream does not take the question"],
  fault: [500, "The enclave has a fault"],
  "upstream-failed": [502, "The upstream gave no answer"],
  "attestation-failed": [502, "The platform did not attest the enclave"],
  overloaded: [503, "Too much is being done at once"],
  "upstream-busy": [503, "The upstream has too much to do"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown anywhere below a route, and answered by it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;

  /** @param detail What was wrong, what was given and what to do; it goes to whoever asked, and into no log. */
  constructor(code: ProblemCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }

  get status(): (typeof PROBLEMS)[ProblemCode][0] {
    return PROBLEMS[this.code][0];
  }

  toJson() {
    return { title: PROBLEMS[this.code][1], status: this.status, detail: this.message, code: this.code };
  }
}
