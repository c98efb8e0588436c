/** A chain's node as Ignition talks to it: transactions are signed here, everything else is passed on. */
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { BaseError, RpcRequestError } from "viem";
import type { Address, Hex, PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { saidBy } from "../chain/rpc.ts";

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

/** As a client of viem takes it that knows no method in particular. */
type Request = (
  args: { readonly method: string; readonly params?: unknown },
  options?: { readonly retryCount?: number },
) => Promise<unknown>;

/**
 * Talks to a chain's node.
 *
 * @param privateKey Signs what Ignition sends. Without one, the node's own accounts do.
 */
export function providerOf(client: PublicClient, chainId: number, privateKey: Hex | undefined): EIP1193Provider {
  const request = client.request as Request;
  const account = privateKey === undefined ? undefined : privateKeyToAccount(privateKey);

  async function pass(method: string, params: unknown): Promise<unknown> {
    try {
      // What was sent once and not answered may have arrived: the journal finds out, and must not be overtaken.
      return await request({ method, params }, isSending(method) ? { retryCount: 0 } : {});
    } catch (error) {
      throw error instanceof BaseError ? new NodeRefusedError(method, error) : error;
    }
  }

  async function sign(wanted: Wanted): Promise<Hex | undefined> {
    const { to, data, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = wanted;
    const common = {
      chainId,
      data,
      value: BigInt(wanted.value),
      nonce: Number(wanted.nonce),
      gas: BigInt(wanted.gas),
      ...(to === undefined ? {} : { to }),
    };
    if (maxFeePerGas === undefined || maxPriorityFeePerGas === undefined) {
      return account?.signTransaction({ ...common, type: "legacy", gasPrice: BigInt(gasPrice ?? 0) });
    }
    const fees = { maxFeePerGas: BigInt(maxFeePerGas), maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas) };
    return account?.signTransaction({ ...common, type: "eip1559", ...fees });
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

/** A node did not do what it was asked. */
export class NodeRefusedError extends Error {
  override readonly name = "NodeRefusedError";
  /** What a revert returned, from which Ignition reads its reason. */
  readonly data: unknown;

  constructor(method: string, cause: BaseError) {
    // Not its own message, which has all that was sent.
    super(`The chain's node refused ${method}: ${saidBy(cause)}`, { cause });
    const refusal = cause.walk((each) => each instanceof RpcRequestError);
    this.data = refusal instanceof RpcRequestError ? refusal.data : undefined;
  }
}
