/** Answers in hand: from the upstream to the gateway as they come, and signed once, however they end. */
import type { Hex } from "viem";

import { canonicalJson } from "../protocol/canonical-json.ts";
import type { Signer } from "../protocol/signature.ts";
import { ROUTES, toUpstream } from "../enclave/question.ts";
import type { ServingPolicy } from "../enclave/statement.ts";
import type { Transcript } from "../enclave/transcript.ts";
import type { Tell } from "./events.ts";
import type { InsideLimits } from "./limits.ts";
import { startMarks, type Marks } from "./marks.ts";
import type { Order } from "./order.ts";
import { Problem } from "./problem.ts";
import { keepRecent } from "./recent.ts";
import { signEnd, type End } from "./sign.ts";
import { askUpstream, type Answer } from "./upstream.ts";

export type AnsweringOptions = {
  readonly policy: ServingPolicy;
  readonly signer: Signer;
  readonly apiKey: string | undefined;
  readonly limits: InsideLimits;
  readonly tell: Tell;
};

/** One line of an answer, as gateways read them. There is no end to sign where nothing was delivered. */
export type Line = { readonly chunk: string } | { readonly end: End | null };

/** An answer as a gateway takes it: line by line, or not to its end. */
export type Lines = {
  readonly next: () => Promise<Line | undefined>;
  readonly leave: () => void;
};

export type Answering = {
  /** Resolves with the first chunk at hand. Rejects with a Problem while nothing has been said. */
  readonly begin: (order: Order, signal: AbortSignal) => Promise<Lines>;
  /** Ends an answer after so many of its chunks; null where that is none of them. */
  readonly cut: (id: Hex, delivered: number) => Promise<End | null>;
  readonly count: () => number;
  readonly stop: () => void;
};

type Session = {
  readonly order: Order;
  readonly marks: Marks;
  /** Stops the upstream. */
  readonly stopping: AbortController;
  isLeft: boolean;
  /** Set once, before anything is signed: whoever comes later gets the same. */
  ended: Promise<End | null> | undefined;
  timer: NodeJS.Timeout | undefined;
};

export function openAnswering({ policy, signer, apiKey, limits, tell }: AnsweringOptions): Answering {
  const sessions = new Map<Hex, Session>();
  const signed = keepRecent<Hex, End>(limits.signed);

  const close = ({ order, stopping, timer }: Session): void => {
    clearTimeout(timer);
    stopping.abort();
    sessions.delete(order.id);
  };

  const sign = async (session: Session, chunks: number, end: Transcript["end"]): Promise<End> => {
    const { order, marks } = session;
    const { id } = order;
    try {
      const made = await signEnd(order, { marks, chunks, end }, policy, signer);
      signed.put(id, made);
      const { charge, usage } = made.transcript;
      tell({ kind: "signed", id, end, chunks, charge, usage });
      return made;
    } finally {
      close(session);
    }
  };

  const forget = async (session: Session): Promise<null> => {
    close(session);
    tell({ kind: "forgotten", id: session.order.id, chunks: session.marks.count() });
    return null;
  };

  const finish = async (session: Session, chunks: number, end: Transcript["end"]): Promise<End | null> => {
    session.ended ??= chunks === 0 ? forget(session) : sign(session, chunks, end);
    return session.ended;
  };

  const leave = (session: Session): void => {
    if (session.ended !== undefined || session.isLeft) return;
    const { order, marks, stopping } = session;
    session.isLeft = true;
    stopping.abort();
    clearTimeout(session.timer);
    session.timer = setTimeout(() => void finish(session, 0, "cut"), limits.keepMs).unref();
    tell({ kind: "left", id: order.id, chunks: marks.count() });
  };

  const openSession = (order: Order): Session => {
    if (sessions.has(order.id)) {
      throw new Problem("busy", "Wait for its end, or say where it was cut: one request has one answer.");
    }
    if (sessions.size >= limits.answers) {
      throw new Problem("overloaded", `${limits.answers} answers are in hand already. Ask again in a second.`);
    }
    const session: Session = {
      order,
      marks: startMarks(order),
      stopping: new AbortController(),
      isLeft: false,
      ended: undefined,
      timer: undefined,
    };
    // A gateway that reads no further holds its place no longer than an answer may take.
    session.timer = setTimeout(() => leave(session), limits.answerMs + limits.keepMs).unref();
    sessions.set(order.id, session);
    return session;
  };

  const firstChunk = async (session: Session, signal: AbortSignal) => {
    const { manifest, question } = session.order;
    try {
      const answer = await askUpstream({
        url: `${manifest.upstream.url.replace(/\/+$/, "")}${ROUTES[manifest.kind]}`,
        apiKey,
        content: canonicalJson(toUpstream(manifest, question)),
        isStreamed: question.isStreamed,
        limits,
        signal: AbortSignal.any([signal, session.stopping.signal]),
      });
      const { done, value } = await answer.next();
      if (done === true) throw new Problem("upstream-failed", "The upstream's answer ends before it has begun.");
      session.marks.add(value);
      return { answer, chunk: value };
    } catch (error) {
      session.ended ??= Promise.resolve(null);
      close(session);
      throw error instanceof Problem ? error : new Problem("upstream-failed", wordsOf(error), { cause: error });
    }
  };

  const linesOf = (session: Session, answer: Answer, first: string): Lines => {
    const { id } = session.order;
    const { marks } = session;
    const broken = (error: string): void => tell({ kind: "broken", id, chunks: marks.count(), error });
    let [held, isOver]: [string | undefined, boolean] = [first, false];
    /** The next chunk, or undefined when there is none: then the answer has ended. */
    const chunk = async (): Promise<string | undefined> => {
      try {
        const { done, value } = await answer.next();
        // It was cut meanwhile, or nobody is there any more.
        if (session.ended !== undefined || session.isLeft) return undefined;
        if (done !== true) {
          marks.add(value);
          return value;
        }
        const isComplete = value || marks.at(marks.count()).isFinished;
        if (!isComplete) broken("EarlyEndError");
        void finish(session, marks.count(), isComplete ? "complete" : "cut").catch(() => {});
      } catch (error) {
        if (session.ended !== undefined || session.isLeft) return undefined;
        broken(error instanceof Error ? error.name : "Error");
        void finish(session, marks.count(), "cut").catch(() => {});
      }
      return undefined;
    };
    return {
      async next() {
        const next = held ?? (session.ended === undefined ? await chunk() : undefined);
        held = undefined;
        if (next !== undefined) return { chunk: next };
        const ended = isOver ? undefined : session.ended;
        isOver = true;
        const end = await ended;
        return end === undefined ? undefined : { end };
      },
      leave: () => leave(session),
    };
  };

  return {
    async begin(order, signal) {
      const known = signed.get(order.id);
      if (known !== undefined) return endAlone(known);
      const session = openSession(order);
      tell({ kind: "asked", id: order.id, model: order.request.model });
      const { answer, chunk } = await firstChunk(session, signal);
      return linesOf(session, answer, chunk);
    },
    async cut(id, delivered) {
      const session = sessions.get(id);
      if (session === undefined) {
        const known = signed.get(id);
        if (known === undefined) throw new Problem("unknown-answer", "It was forgotten, or never asked for.");
        return known;
      }
      const sent = session.marks.count();
      if (session.ended === undefined && delivered > sent) {
        throw new Problem("not-delivered", `${sent} chunks were sent, so ${delivered} cannot have been delivered.`);
      }
      return finish(session, delivered, "cut");
    },
    count: () => sessions.size,
    stop() {
      for (const session of sessions.values()) {
        session.ended ??= Promise.resolve(null);
        close(session);
      }
    },
  };
}

/** The answer to a request that was answered before: the chunks are gone, what was signed for them stays. */
function endAlone(end: End): Lines {
  const lines: Line[] = [{ end }];
  return { next: async () => lines.shift(), leave() {} };
}

function wordsOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new TypeError(String(error));
  // Those of other makers may quote what they stumbled over.
  return ["TypeError", "AbortError", "SyntaxError"].includes(name) ? "The upstream broke off its answer." : message;
}
