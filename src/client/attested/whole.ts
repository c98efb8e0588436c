/** An answer that comes at once, with what shows that it is the enclave's in a header. */
import type { Desk } from "../desk.ts";
import { GarbledError, isDecided } from "../gateway.ts";
import { acceptAnswer, type Arrived, type AttestedAnswer } from "./answer.ts";
import { tailSchema, type Tail } from "./messages.ts";
import type { AttestedOrder, JsonObject } from "./order.ts";
import { UnfinishedError } from "./unfinished.ts";

/** Sends a question, for the first time or again, until there is an answer, and checks that. */
export async function completeWhole(desk: Desk, order: AttestedOrder): Promise<AttestedAnswer> {
  let arrived: Arrived<JsonObject>;
  try {
    const { text, headers } = await desk.gateway.answer(order.parcel);
    const tail = readTail(fromBase64(headers.get("payment-response") ?? ""));
    const response = readAnswer(text);
    arrived = { texts: [text ?? ""], answers: [response], response, tail };
  } catch (error) {
    throw isDecided(error) ? error : new UnfinishedError(order, { cause: error });
  }
  return acceptAnswer(desk, order, arrived);
}

/** Reads what goes with an answer. */
export function readTail(text: string): Tail {
  const { success, data, error } = tailSchema.safeParse(parse(text));
  if (!success) throw new GarbledError("the end of an answer", error);
  return data;
}

/** Reads an answer, or a chunk of one, as the object that it is. */
export function readAnswer(text: string | undefined): JsonObject {
  const answer = parse(text ?? "");
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) throw new NoObjectError();
  return answer as JsonObject;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromBase64(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.codePointAt(0) ?? 0);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "";
  }
}

/** An answer has no form of the OpenAI API's. */
export class NoObjectError extends Error {
  override readonly name = "NoObjectError";

  constructor() {
    super("What the gateway sends is no JSON object. Resume the request, or ask another gateway.");
  }
}
