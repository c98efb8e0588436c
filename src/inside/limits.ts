/** How much the enclave takes, gives and waits for: of gateways, and of upstreams, neither of which it trusts. */

export type InsideLimits = {
  /** The largest body of a request, attachments and all. */
  readonly bodyBytes: number;
  /** Milliseconds for a gateway to send one. */
  readonly sendMs: number;
  /** Answers in hand at once, those included whose gateway has not said yet what was delivered. */
  readonly answers: number;
  /** Of one event of a streamed answer. */
  readonly chunkBytes: number;
  /** Of an answer as the upstream sends it. */
  readonly answerBytes: number;
  /** Milliseconds in which an upstream may say nothing. */
  readonly silenceMs: number;
  /** Milliseconds for all of an answer. */
  readonly answerMs: number;
  /** Milliseconds for a gateway to say what of an answer was delivered. */
  readonly keepMs: number;
  /** Signed answers that are remembered, so that none is signed otherwise. */
  readonly signed: number;
};

export const DEFAULT_LIMITS: InsideLimits = {
  bodyBytes: 8_388_608,
  sendMs: 30_000,
  answers: 256,
  chunkBytes: 1_000_000,
  answerBytes: 67_108_864,
  silenceMs: 120_000,
  answerMs: 900_000,
  keepMs: 60_000,
  signed: 20_000,
};
