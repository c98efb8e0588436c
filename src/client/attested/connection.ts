/** A connection's part for attested models: questions to enclaves that were checked, and answers that were. */
import type { Hex } from "viem";

import type { Desk } from "../desk.ts";
import { isDecided } from "../gateway.ts";
import type { Trusted } from "../trust.ts";
import type { AttestedAnswer } from "./answer.ts";
import { checkKey } from "./enclave.ts";
import type { AttestedListing } from "./messages.ts";
import {
  placeAttested,
  type Asking,
  type AttestedOptions,
  type AttestedOrder,
  type Body,
  type JsonObject,
} from "./order.ts";
import { streamChunks, type ChatStream, type StreamedAnswer } from "./stream.ts";
import { UnfinishedError } from "./unfinished.ts";
import { openVetting } from "./vetting.ts";
import { completeWhole } from "./whole.ts";

/**
 * Before the first byte of a question leaves, its enclave stood every check: see docs/attested.md. What was found holds for a
 * minute at most. Nothing turns a check off, and there is no half of it.
 */
export type AttestedConnection = {
  /** The attested models, as the gateway tells it; one is checked before it is asked. */
  readonly enclaves: () => Promise<readonly AttestedListing[]>;
  /** Asks a chat model, by its id or by a name that is trusted. */
  readonly chat: (model: string, body: Body, options?: AttestedOptions) => Promise<AttestedAnswer>;
  /** Asks for embeddings. */
  readonly embed: (model: string, body: Body, options?: AttestedOptions) => Promise<AttestedAnswer>;
  /** As `chat`, in chunks; resolves when the answer begins. Chunks are verified at their end. */
  readonly chatStream: (model: string, body: Body, options?: AttestedOptions) => Promise<ChatStream>;
};

export type AttestedDesk = AttestedConnection & {
  readonly resume: (order: AttestedOrder) => Promise<AttestedAnswer | StreamedAnswer>;
};

export function openAttested(desk: Desk, trust: Trusted): AttestedDesk {
  const { gateway, client, escrow, provider, head } = desk;
  const { verifiers } = desk.trust;
  const vetting = openVetting({
    gateway,
    client,
    escrow,
    provider: provider.provider,
    verifiers,
    head,
    trust,
  });

  /** Signs and sends; whatever does not work out may be due to something that changed. */
  const ask = async <Result>(asking: Asking, send: (order: AttestedOrder) => Promise<Result>): Promise<Result> => {
    const { order, failed } = await placeAttested(desk, vetting, asking);
    try {
      return await send(order);
    } catch (error) {
      vetting.forget(asking.model);
      failed(error);
      throw error;
    }
  };
  const begin = async (order: AttestedOrder): Promise<ChatStream> => {
    try {
      return streamChunks(desk, order, await gateway.stream(order.parcel));
    } catch (error) {
      throw isDecided(error) ? error : new UnfinishedError(order, { cause: error });
    }
  };
  const whole = (order: AttestedOrder): Promise<AttestedAnswer> => completeWhole(desk, order);

  return {
    enclaves: () => gateway.enclaves(),
    chat: (model, body, options = {}) => ask({ model, kind: "chat", isStreamed: false, body, options }, whole),
    embed: (model, body, options = {}) => ask({ model, kind: "embeddings", isStreamed: false, body, options }, whole),
    chatStream: (model, body, options = {}) => ask({ model, kind: "chat", isStreamed: true, body, options }, begin),
    async resume(order) {
      // The question leaves once more: not to a key that was revoked meanwhile.
      await checkKey(order.model.enclave, { client });
      if (!order.question.isStreamed) return whole(order);
      const stream = await begin(order);
      const chunks: JsonObject[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return stream.answer;
    },
  };
}

/** Whether an order is for an enclave. */
export function isAttested(order: { readonly id: Hex }): order is AttestedOrder {
  return "question" in order;
}
