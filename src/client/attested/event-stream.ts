/** Server-sent events (HTML standard, section 9.2), with their comments, of a server that may send anything. */

/** The data of an event that has ended, or a comment. */
export type StreamPart = { readonly kind: "data" | "comment"; readonly text: string };

/**
 * Reads a stream's parts as they come. What it breaks off in is none.
 *
 * @param mostLength Of an event or a comment, in characters.
 */
export async function* readEventStream(
  bytes: AsyncIterable<Uint8Array>,
  mostLength: number,
): AsyncGenerator<StreamPart, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = lineReader(mostLength);
  for await (const part of bytes) {
    yield* reader.read(decode(() => decoder.decode(part, { stream: true })));
  }
  // Half a character at the end is an error as well.
  decode(() => decoder.decode());
}

function lineReader(mostLength: number) {
  let line = "";
  let data: string[] = [];
  let length = 0;
  let isAfterReturn = false;

  const count = (more: number): void => {
    length += more;
    if (length > mostLength) throw new MalformedStreamError(`an event has more than ${mostLength} characters`);
  };
  const take = (whole: string): StreamPart | undefined => {
    if (whole === "") {
      const text = data.join("\n");
      const isEvent = data.length > 0;
      data = [];
      length = 0;
      return isEvent ? { kind: "data", text } : undefined;
    }
    const colon = whole.indexOf(":");
    const field = colon === -1 ? whole : whole.slice(0, colon);
    const value = colon === -1 ? "" : whole.slice(colon + 1);
    const text = value.startsWith(" ") ? value.slice(1) : value;
    if (field === "") return { kind: "comment", text };
    // What is said in other fields no hash covers.
    if (field !== "data") throw new MalformedStreamError("an event has more than data");
    data.push(text);
    return undefined;
  };

  return {
    *read(decoded: string): Generator<StreamPart, void> {
      // The second half of a CRLF that lay across two parts.
      const text = isAfterReturn && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
      if (decoded !== "") isAfterReturn = decoded.endsWith("\r");
      let from = 0;
      for (const { 0: end, index: at } of text.matchAll(/\r\n|\r|\n/g)) {
        count(at - from);
        const part = take(line + text.slice(from, at));
        line = "";
        from = at + end.length;
        if (part !== undefined) yield part;
      }
      count(text.length - from);
      line += text.slice(from);
    },
  };
}

function decode(read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw new MalformedStreamError("it is not in UTF-8", { cause });
  }
}

/** What should be a stream of events is none, or one that nobody needs to read. */
export class MalformedStreamError extends Error {
  override readonly name = "MalformedStreamError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`The gateway's stream cannot be read: ${reason}. Resume the request, or ask another gateway.`, options);
  }
}
