/** What is known of a response after each of its chunks, so that it can end after any of them. The chunks themselves are gone. */
import type { Hex } from "viem";

import { extendChain, startChain } from "../enclave/transcript.ts";
import { readChunk, readWhole, type Chunk } from "./chunk.ts";
import { tokensOf } from "../enclave/usage.ts";
import type { Delivered } from "./bill.ts";
import type { Order } from "./order.ts";

export type Mark = Delivered & {
  readonly head: Hex;
  readonly isFinished: boolean;
  readonly model: string;
};

/** Chunks that carry no token of an answer: its roles, its end and its counts. */
const CHUNKS_BESIDE = 64;

export function startMarks({ id, request, manifest, question }: Order) {
  const none: Mark = {
    head: startChain(id, request.input),
    tokens: undefined,
    seen: 0,
    isFinished: false,
    model: "",
  };
  const marks: Mark[] = [none];
  const read = (text: string): Chunk => {
    return question.isStreamed ? readChunk(text) : readWhole(manifest.kind, text);
  };
  const seenIn = (text: string, { hasContent }: Chunk): number => {
    if (manifest.kind === "embeddings" || !hasContent) return 0;
    return question.isStreamed ? 1 : tokensOf(text, manifest);
  };
  return {
    /** Chunks by now. */
    count: () => marks.length - 1,
    at: (count: number): Mark => marks[count] ?? none,
    /** One chunk further. Throws where it is no part of an answer, or more than was asked for. */
    add(text: string): void {
      if (marks.length > question.mostOutputTokens + CHUNKS_BESIDE) throw new TooManyChunksError(marks.length);
      const chunk = read(text);
      const last = marks.at(-1) ?? none;
      marks.push({
        head: extendChain(last.head, text),
        tokens: chunk.tokens ?? last.tokens,
        seen: last.seen + seenIn(text, chunk),
        isFinished: last.isFinished || chunk.isFinished,
        model: last.model === "" ? chunk.model : last.model,
      });
    },
  };
}

export type Marks = ReturnType<typeof startMarks>;

/** An upstream goes on where its answer should have ended. */
export class TooManyChunksError extends Error {
  override readonly name = "TooManyChunksError";

  constructor(count: number) {
    super(`The upstream sends more than ${count} chunks for the tokens that it was asked for. Ask for more tokens.`);
  }
}
