/** A chain's node as Ignition talks to it: transactions are signed here, everything else is passed on. */
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { http, RpcRequestError, BaseError } from "viem";
import type { Address, Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** What Ignition wants sent; it leaves nothing to be filled in. */
type Wanted = {
  readonly from: Address;
  readonly to?: Address;
  readonly data: Hex;
  readonly value: Hex;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly gasPrice?: Hex;
  readonly maxFeePerGas?: Hex;
  readonly maxPriorityFeePerGas?: Hex;
};

/**
 * Talks to the node at an address.
 *
 * @param privateKey Signs what Ignition sends. Without one, the node's own accounts do.
 */
export function providerOf(rpc: string, privateKey: Hex | undefined): EIP1193Provider {
  const { request } = http(rpc)({});
  const account = privateKey === undefined ? undefined : privateKeyToAccount(privateKey);

  async function pass(method: string, params: unknown): Promise<unknown> {
    try {
      // What was sent once and not answered may have arrived: the journal finds out, and must not be overtaken.
      return await request({ method, params }, isSending(method) ? { retryCount: 0 } : {});
    } catch (error) {
      throw refusalOf(method, error);
    }
  }

  async function sign(wanted: Wanted): Promise<Hex | undefined> {
    if (account === undefined) return undefined;
    const { to, data, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = wanted;
    const chainId = Number(await pass("eth_chainId", []));
    const common = {
      chainId,
      data,
      value: BigInt(wanted.value),
      nonce: Number(wanted.nonce),
      gas: BigInt(wanted.gas),
      ...(to === undefined ? {} : { to }),
    };
    if (maxFeePerGas === undefined || maxPriorityFeePerGas === undefined) {
      return account.signTransaction({ ...common, type: "legacy", gasPrice: BigInt(gasPrice ?? 0) });
    }
    const fees = { maxFeePerGas: BigInt(maxFeePerGas), maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas) };
    return account.signTransaction({ ...common, type: "eip1559", ...fees });
  }

  return {
    async request({ method, params }) {
      if (method === "eth_sendTransaction") {
        const signed = await sign((params as readonly [Wanted])[0]);
        if (signed !== undefined) return pass("eth_sendRawTransaction", [signed]);
      }
      return pass(method, params);
    },
  };
}

function isSending(method: string): boolean {
  return method === "eth_sendTransaction" || method === "eth_sendRawTransaction";
}

function refusalOf(method: string, error: unknown): NodeRefusedError {
  const refusal = error instanceof BaseError ? error.walk((each) => each instanceof RpcRequestError) : null;
  if (refusal instanceof RpcRequestError) return new NodeRefusedError(method, refusal.details, refusal.data);
  // Not its message, which has the node's address with whatever key is in it.
  const said = error instanceof BaseError ? error.details.split("\n")[0] : "";
  return new NodeRefusedError(method, said === undefined || said === "" ? "it does not answer" : said, undefined);
}

/** A node did not do what it was asked. */
export class NodeRefusedError extends Error {
  override readonly name = "NodeRefusedError";
  /** What a revert returned, from which Ignition reads its reason. */
  readonly data: unknown;

  constructor(method: string, said: string, data: unknown) {
    super(`The chain's node refused ${method}: ${said}`);
    this.data = data;
  }
}
