/** Who asked what, and how long the answer took. */
import type { Hex } from "viem";

/** Our client signs requests that a tab pays; a stock one knows x402's `exact` scheme alone. */
export const CLIENTS = ["assay", "exact"] as const;

export type ClientKind = (typeof CLIENTS)[number];

export type Trade = {
  readonly id: Hex;
  readonly client: ClientKind;
  /** From the question to the answer. */
  readonly milliseconds: number;
  /** When the answer was there, by this process's own clock. */
  readonly at: number;
};

export type Trades = {
  readonly answered: readonly Trade[];
  readonly asked: (client: ClientKind) => number;
  /** Times an answer, from the question on. */
  readonly time: <Answer extends { readonly id: Hex }>(
    client: ClientKind,
    ask: () => Promise<Answer>,
  ) => Promise<{ readonly answer: Answer; readonly trade: Trade }>;
};

/** Starts with none. */
export function startTrades(): Trades {
  const asked = { assay: 0, exact: 0 };
  const answered: Trade[] = [];
  return {
    answered,
    asked: (client) => asked[client],
    async time(client, ask) {
      asked[client] += 1;
      const started = performance.now();
      const answer = await ask();
      const at = performance.now();
      const trade = { id: answer.id, client, milliseconds: at - started, at };
      answered.push(trade);
      return { answer, trade };
    },
  };
}

/** The middle one of some numbers; none of none. */
export function median(numbers: readonly number[]): number | undefined {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}
