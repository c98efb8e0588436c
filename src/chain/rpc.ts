/** Talking to a chain's node. What goes wrong names the node by its origin alone: paths and queries may hold a key. */
import {
  BaseError,
  BlockNotFoundError,
  createPublicClient,
  http,
  HttpRequestError,
  RpcError,
  RpcRequestError,
  TimeoutError,
  type PublicClient,
  type Transport,
} from "viem";

export type Connection = {
  readonly rpc: string;
  readonly timeoutMs?: number;
  /** What chain there has to be; any by default. */
  readonly chainId?: number;
};

/** Connects to a chain's node, and makes sure that it answers for the chain that is expected. */
export async function connectChain({ rpc, timeoutMs = 10_000, chainId }: Connection): Promise<PublicClient> {
  const client = createPublicClient({
    transport: httpTo(rpc, timeoutMs),
    // Who asks for the head wants the head of now.
    cacheTime: 0,
    pollingInterval: 500,
    // A contract could name addresses on the web that it wants to have asked.
    ccipRead: false,
  });
  const { origin } = new URL(rpc);
  const found = await client.getChainId().catch((error: unknown) => {
    throw chainErrorOf(error, origin);
  });
  if (chainId !== undefined && found !== chainId) throw new WrongChainError(origin, found, chainId);
  return client;
}

/** viem is told the origin only, so that none of its errors and nothing that logs a client can show more. */
function httpTo(rpc: string, timeout: number): Transport {
  const address = new URL(rpc);
  const { origin, username, password } = address;
  address.username = "";
  address.password = "";
  const authorization =
    username === "" ? {} : { authorization: `Basic ${btoa(decodeURIComponent(`${username}:${password}`))}` };
  return http(origin, {
    timeout,
    retryCount: 2,
    fetchFn: async (_origin, options) => fetch(address, options),
    fetchOptions: { headers: authorization },
  });
}

/** Whether an error comes from the node or the way to it, so that asking again may help. */
export function isFromNode(error: unknown): boolean {
  if (error instanceof ChainUnreachableError || error instanceof ChainRefusedError) return true;
  if (!(error instanceof BaseError)) return false;
  const kinds = [HttpRequestError, TimeoutError, RpcRequestError, RpcError, BlockNotFoundError];
  return error.walk((each) => kinds.some((kind) => each instanceof kind)) !== null;
}

/** Whether an error says that nobody answered, so that it is unknown whether the node heard. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof ChainUnreachableError) return true;
  if (!(error instanceof BaseError)) return false;
  const cause = error.walk((each) => each instanceof HttpRequestError || each instanceof TimeoutError);
  // With a status it was the node, or what stands in front of it, that answered.
  return cause instanceof TimeoutError || (cause instanceof HttpRequestError && cause.status === undefined);
}

/** What viem threw, as an error that says what the node did and nothing of where it is but the origin. */
export function chainErrorOf(error: unknown, origin: string): unknown {
  if (!(error instanceof BaseError)) return error;
  return isUnreachable(error)
    ? new ChainUnreachableError(origin, { cause: error })
    : new ChainRefusedError(origin, saidBy(error), { cause: error });
}

/** What the node itself said, in one line. */
export function saidBy(error: BaseError): string {
  const reason = error.walk((each) => each instanceof BaseError && each.details !== "");
  const { details, shortMessage } = reason instanceof BaseError ? reason : error;
  return (details === "" ? shortMessage : details).split("\n")[0] ?? "";
}

/** Where a client's node is, as far as that may be shown. */
export function originOf(client: PublicClient): string {
  const { url } = client.transport as { readonly url?: string };
  return url === undefined ? "an unnamed place" : new URL(url).origin;
}

/** Nobody answers at the address of the chain's node, or not in time. */
export class ChainUnreachableError extends Error {
  override readonly name = "ChainUnreachableError";
  /** Without path and query, which may hold a provider's key. */
  readonly origin: string;

  constructor(origin: string, options?: ErrorOptions) {
    super(`No chain answers JSON-RPC at ${origin}. Check the address of its node.`, options);
    this.origin = origin;
  }
}

/** The chain's node answered with an error. */
export class ChainRefusedError extends Error {
  override readonly name = "ChainRefusedError";
  readonly origin: string;
  readonly reason: string;

  constructor(origin: string, reason: string, options?: ErrorOptions) {
    super(`The chain's node at ${origin} refused: ${reason}`, options);
    this.origin = origin;
    this.reason = reason;
  }
}

/** A node is for another chain. */
export class WrongChainError extends Error {
  override readonly name = "WrongChainError";
  readonly found: number;
  readonly expected: number;

  constructor(origin: string, found: number, expected: number) {
    super(`The node at ${origin} is for chain ${found}, not ${expected}. Name a node of chain ${expected}.`);
    this.found = found;
    this.expected = expected;
  }
}
