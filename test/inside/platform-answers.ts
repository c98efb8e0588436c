import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";

/** Something on a port of this machine that answers as a test says; it keeps no failed test from ending. */
export async function answering(listener: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(listener).listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, server };
}

/** The same on a Unix socket. */
export async function answeringOn(socket: string, listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(socket).unref();
  await once(server, "listening");
  return server;
}

/** Lets another server answer in its place. */
export function forward(to: string, asked: IncomingMessage, response: ServerResponse): void {
  const onwards = request(`${to}${asked.url}`, { method: asked.method }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  onwards.on("error", () => response.destroy());
  asked.pipe(onwards);
}

/** What a server on a socket answers in JSON, whatever its status. */
export function askSocket(socketPath: string, path: string, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const asked = request({ socketPath, path, method: "POST", headers }, (response) => {
      json(response).then(resolve, reject);
    });
    asked.on("error", reject).end(body);
  });
}

export async function end(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Runs something with a folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "assay-platform-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Answers that no service gives which does its work, with what an error says of each. */
export const WRONG_ANSWERS: readonly (readonly [name: string, listener: RequestListener, complaint: string])[] = [
  ["nothing", (_, response) => response.end(), ""],
  ["a page", (_, response) => response.end("<html>Welcome</html>"), ""],
  ["a refusal", (_, response) => response.writeHead(503).end("not now"), "answers 503: not now"],
  [
    "a redirect to elsewhere",
    (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    "answers 302",
  ],
  ["more than it should", (_, response) => response.end("A".repeat(2_000_000)), "answers more than"],
];
