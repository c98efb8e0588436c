/** The data of server-sent events, as the HTML standard (section 9.2.6) reads a stream of them. */

/**
 * The data of each event that has ended; one that the stream breaks off in is none.
 *
 * @param mostLength Of one event, in characters.
 */
export async function* eventData(bytes: AsyncIterable<Uint8Array>, mostLength: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = "";
  let data: string[] = [];
  let length = 0;
  let isAfterReturn = false;
  for await (const part of bytes) {
    const decoded = decode(() => decoder.decode(part, { stream: true }));
    // The rest of a CRLF whose first half has ended the line already.
    const text = isAfterReturn && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
    if (decoded !== "") isAfterReturn = decoded.endsWith("\r");
    let from = 0;
    for (const { 0: end, index: at } of text.matchAll(/\r\n|\r|\n/g)) {
      line += text.slice(from, at);
      from = at + end.length;
      length += line.length;
      if (length > mostLength) throw new EventTooLongError(mostLength);
      if (line === "") {
        if (data.length > 0) yield data.join("\n");
        data = [];
        length = 0;
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
      line = "";
    }
    line += text.slice(from);
    if (length + line.length > mostLength) throw new EventTooLongError(mostLength);
  }
}

function decode(read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw new NotUtf8Error({ cause });
  }
}

/** An event has no end in sight. */
export class EventTooLongError extends Error {
  override readonly name = "EventTooLongError";

  constructor(mostLength: number) {
    super(
      `The upstream sends an event of more than ${mostLength} characters. Allow more, or have it send less at once.`,
    );
  }
}

/** What should be text is none. */
export class NotUtf8Error extends Error {
  override readonly name = "NotUtf8Error";

  constructor(options?: ErrorOptions) {
    super("The upstream sends bytes that are no UTF-8. Configure it to.", options);
  }
}
