/** The data of server-sent events, as the HTML standard (section 9.2.6) reads a stream of them. */

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * The data of each event that has ended; one that the stream breaks off in is none. No byte changes what came before it,
 * however the bytes arrive.
 *
 * @param mostBytes Of one event.
 */
export async function* eventData(bytes: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<string, void> {
  let data: string[] = [];
  let size = 0;
  let isFirst = true;
  for await (const bytesOfLine of linesIn(bytes, mostBytes)) {
    const line = textOf(bytesOfLine, isFirst);
    isFirst = false;
    size += bytesOfLine.length;
    if (size > mostBytes) throw new EventTooLargeError(mostBytes);
    if (line.startsWith("data:")) data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
    if (line !== "") continue;
    if (data.length > 0) yield data.join("\n");
    data = [];
    size = 0;
  }
}

/** Neither end of a line is part of another character in UTF-8. */
async function* linesIn(bytes: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let isAfterReturn = false;
  for await (const part of bytes) {
    let from = 0;
    for (const [at, byte] of part.entries()) {
      const isSecondHalf = byte === LINE_FEED && isAfterReturn;
      isAfterReturn = byte === CARRIAGE_RETURN;
      if (isSecondHalf) from = at + 1;
      if (isSecondHalf || (byte !== LINE_FEED && byte !== CARRIAGE_RETURN)) continue;
      yield Buffer.concat([...pieces, part.subarray(from, at)]);
      from = at + 1;
      pieces = [];
      size = 0;
    }
    const rest = part.subarray(from);
    pieces.push(rest);
    size += rest.length;
    if (size > mostBytes) throw new EventTooLargeError(mostBytes);
  }
}

function textOf(line: Uint8Array, isFirst: boolean): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    return isFirst && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  } catch (cause) {
    throw new NotUtf8Error({ cause });
  }
}

/** An event has no end in sight. */
export class EventTooLargeError extends Error {
  override readonly name = "EventTooLargeError";

  constructor(mostBytes: number) {
    super(`The upstream sends an event of more than ${mostBytes} bytes. Allow more, or have it send less at once.`);
  }
}

/** What should be text is none. */
export class NotUtf8Error extends Error {
  override readonly name = "NotUtf8Error";

  constructor(options?: ErrorOptions) {
    super("The upstream sends bytes that are no UTF-8. Configure it to.", options);
  }
}
