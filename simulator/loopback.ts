/** Servers on this machine alone, which go away with whoever started them. */
import { once } from "node:events";
import type { Server } from "node:http";

/** Listens on a free port of loopback. */
export async function listenOnPort(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new NotListeningError("a port of 127.0.0.1");
  return address.port;
}

export async function listenOnSocket(server: Server, path: string): Promise<void> {
  server.listen(path).unref();
  await once(server, "listening");
}

export async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** A server of the simulator has no address. */
export class NotListeningError extends Error {
  override readonly name = "NotListeningError";

  constructor(where: string) {
    super(`The simulator does not listen on ${where}. See what else holds it.`);
  }
}
