/** Answers in hand: from the upstream to the gateway as they come, and signed once, however they end. */
import type { Hex } from "viem";

import { canonicalJson } from "../protocol/canonical-json.ts";
import type { Signer } from "../protocol/signature.ts";
import { ROUTES, toUpstream } from "../enclave/question.ts";
import type { ServingPolicy } from "../enclave/statement.ts";
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

/** One line of an answer, as gateways read them: the chunks, and how many those were. */
export type Line = { readonly chunk: string } | { readonly done: number };

/** An answer as a gateway takes it: line by line, or not to its end. */
export type Lines = {
  readonly next: () => Promise<Line | undefined>;
  readonly leave: () => void;
};

export type Answering = {
  /** Resolves with the first chunk at hand. Rejects with a Problem while nothing has been said. */
  readonly begin: (order: Order, signal: AbortSignal) => Promise<Lines>;
  /** Ends an answer after so many of its chunks, all or fewer. Nothing is signed before it is known what was delivered. */
  readonly end: (id: Hex, delivered: number) => Promise<End>;
  /** Answers in hand. */
  readonly count: () => number;
  readonly stop: () => void;
};

type Session = {
  readonly order: Order;
  readonly marks: Marks;
  /** Stops the upstream. */
  readonly stopping: AbortController;
  /** Whether the upstream has said all that it had to say. */
  isComplete: boolean;
  /** Whether the upstream is still read for a gateway. */
  isRead: boolean;
  /** Set once, before anything is signed: whoever comes later gets the same. */
  ended: Promise<End> | undefined;
  timer: NodeJS.Timeout | undefined;
};

export function openAnswering({ policy, signer, apiKey, limits, tell }: AnsweringOptions): Answering {
  const sessions = new Map<Hex, Session>();
  const signed = keepRecent<Hex, End>(limits.signed);

  const close = (session: Session): void => {
    const { id } = session.order;
    session.isRead = false;
    clearTimeout(session.timer);
    session.stopping.abort();
    // By now another may have its place.
    if (sessions.get(id) === session) sessions.delete(id);
  };

  const sign = async (session: Session, chunks: number): Promise<End> => {
    const { order, marks } = session;
    const { id } = order;
    const end = session.isComplete && chunks === marks.count() ? "complete" : "cut";
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

  const forget = (session: Session): void => {
    close(session);
    tell({ kind: "forgotten", id: session.order.id, chunks: session.marks.count() });
  };

  /** The upstream is read no more, and a word is awaited on what of the answer was delivered. */
  const rest = (session: Session): void => {
    session.isRead = false;
    session.stopping.abort();
    clearTimeout(session.timer);
    session.timer = setTimeout(() => forget(session), limits.keepMs).unref();
  };

  const leave = (session: Session): void => {
    if (!session.isRead || session.ended !== undefined) return;
    rest(session);
    tell({ kind: "left", id: session.order.id, chunks: session.marks.count() });
  };

  const openSession = (order: Order): Session => {
    const before = sessions.get(order.id);
    if (before !== undefined) {
      if (before.isRead || before.ended !== undefined) {
        throw new Problem("busy", "One request has one answer. Wait for it, or leave it.");
      }
      // Whoever asks anew has given that one up; nothing was signed for it, and nothing will be.
      forget(before);
    }
    if (sessions.size >= limits.answers) {
      throw new Problem("overloaded", `${limits.answers} answers are in hand already. Ask again in a second.`);
    }
    const session: Session = {
      order,
      marks: startMarks(order),
      stopping: new AbortController(),
      isComplete: false,
      isRead: true,
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
      close(session);
      throw error instanceof Problem ? error : new Problem("upstream-failed", wordsOf(error), { cause: error });
    }
  };

  /** The next chunk, or undefined when there is none: then the upstream has said all, or as much as it will. */
  const nextChunk = async (session: Session, answer: Answer): Promise<string | undefined> => {
    const { marks, order } = session;
    try {
      const { done, value } = await answer.next();
      // It was ended meanwhile, or nobody is there any more.
      if (!session.isRead || session.ended !== undefined) return undefined;
      if (done !== true) {
        marks.add(value);
        return value;
      }
      session.isComplete = value || marks.at(marks.count()).isFinished;
      if (!session.isComplete) tell({ kind: "broken", id: order.id, chunks: marks.count(), error: "EarlyEnd" });
    } catch (error) {
      if (!session.isRead || session.ended !== undefined) return undefined;
      const { name } = error instanceof Error ? error : new TypeError("no error");
      tell({ kind: "broken", id: order.id, chunks: marks.count(), error: name });
    }
    rest(session);
    return undefined;
  };

  const linesOf = (session: Session, answer: Answer, first: string): Lines => {
    let [held, isOver]: [string | undefined, boolean] = [first, false];
    return {
      async next() {
        const chunk = held ?? (session.isRead ? await nextChunk(session, answer) : undefined);
        held = undefined;
        if (chunk !== undefined) return { chunk };
        const line = isOver ? undefined : { done: session.marks.count() };
        isOver = true;
        return line;
      },
      leave: () => leave(session),
    };
  };

  return {
    async begin(order, signal) {
      if (signed.get(order.id) !== undefined) {
        throw new Problem("answered", "What was signed for it can be had again, at its end; its chunks are gone.");
      }
      const session = openSession(order);
      tell({ kind: "asked", id: order.id, model: order.request.model });
      const { answer, chunk } = await firstChunk(session, signal);
      return linesOf(session, answer, chunk);
    },
    async end(id, delivered) {
      const session = sessions.get(id);
      if (session === undefined) {
        const known = signed.get(id);
        if (known === undefined) throw new Problem("unknown-answer", "It was forgotten, or never asked for.");
        return known;
      }
      if (session.ended !== undefined) return session.ended;
      const sent = session.marks.count();
      if (delivered > sent) {
        throw new Problem("not-delivered", `${sent} chunks were sent, so ${delivered} cannot have been delivered.`);
      }
      if (delivered === 0) {
        forget(session);
        throw new Problem(
          "not-delivered",
          "Nothing was delivered, so nothing is signed or charged, and it is forgotten.",
        );
      }
      session.ended = sign(session, delivered);
      return session.ended;
    },
    count: () => sessions.size,
    stop() {
      for (const session of sessions.values()) close(session);
    },
  };
}

function wordsOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new TypeError("no error");
  // Those of other makers may quote what they stumbled over.
  return ["TypeError", "AbortError", "SyntaxError"].includes(name) ? "The upstream broke off its answer." : message;
}
