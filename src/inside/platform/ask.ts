/** Asks the services beside this program over HTTP, with bounds on what they answer and on how long they take. */
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";

/** Whom to ask, as errors name it. */
export type Service = {
  readonly name: string;
  readonly advice: string;
};

export type Question = {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** Of a service that listens on a Unix socket. */
  readonly socketPath?: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly mostBytes: number;
  readonly withinMs: number;
};

export type Answer = { readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** How much of a complaint is worth repeating. */
const MOST_COMPLAINT = 200;

/** The whole answer of a service that answers 200; redirects are no answers. */
export async function ask(service: Service, question: Question): Promise<Answer> {
  const { mostBytes, withinMs } = question;
  const signal = AbortSignal.timeout(withinMs);
  try {
    const response = await send(question, signal);
    const body = await read(response, mostBytes);
    if (response.statusCode === 200) return { headers: response.headers, body };
    const complaint = body.toString("utf8").trim().slice(0, MOST_COMPLAINT);
    throw new WrongAnswerError(service, `it answers ${response.statusCode}: ${complaint}`);
  } catch (error) {
    if (error instanceof TooLongAnswerError) throw new WrongAnswerError(service, error.message);
    if (error instanceof WrongAnswerError) throw error;
    const because = signal.aborted ? `no answer within ${withinMs} ms` : messageOf(error);
    throw new SilentServiceError(service, because, { cause: error });
  }
}

function send({ method, url, socketPath, body, contentType }: Question, signal: AbortSignal): Promise<IncomingMessage> {
  const options = {
    method,
    signal,
    agent: false as const,
    headers: contentType === undefined ? {} : { "content-type": contentType },
    ...(socketPath === undefined ? {} : { socketPath }),
  };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? requestHttps(url, { ...options, rejectUnauthorized: !isLoopback(url) }, resolve)
        : requestHttp(url, options, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

/** Nobody can stand between this program and its own machine, where certificates are for names elsewhere. */
function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function read(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) throw new TooLongAnswerError(mostBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An answer has more bytes than any of its kind. */
class TooLongAnswerError extends Error {
  override readonly name = "TooLongAnswerError";

  constructor(mostBytes: number) {
    super(`it answers more than ${mostBytes} bytes`);
  }
}

/** A service beside this program does not answer. */
export class SilentServiceError extends Error {
  override readonly name = "SilentServiceError";

  constructor({ name, advice }: Service, because: string, options?: ErrorOptions) {
    super(`The ${name} does not answer: ${because}. ${advice}`, options);
  }
}

/** A service beside this program answers something else than what it is for. */
export class WrongAnswerError extends Error {
  override readonly name = "WrongAnswerError";

  constructor({ name, advice }: Service, complaint: string) {
    super(`The ${name} gives no attestation: ${complaint}. ${advice}`);
  }
}
