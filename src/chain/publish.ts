/** Storing a model's key on chain. Publishing again changes nothing, but tells a new place to fetch its files from. */
import { isDeepStrictEqual } from "node:util";

import { BaseError, createWalletClient, http, type Account, type Address, type Hex, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";
import type { VerificationKey } from "../protocol/model.ts";
import { LOCAL_CHAIN_ID } from "./local-chain.ts";
import { isPublished } from "./published.ts";
import { connectChain } from "./rpc.ts";

/** A verifier on a chain, found to be one for a model's phase 1; and who pays. */
export type Destination = {
  readonly rpc: string;
  readonly client: PublicClient;
  readonly chainId: number;
  readonly verifier: Address;
  readonly account: Account | Address;
};

export type DestinationOptions = {
  readonly rpc: string;
  readonly verifier: Address;
  /** The account that pays; a local chain lends one of its own. */
  readonly privateKey: Hex | undefined;
  readonly key: VerificationKey;
  readonly isDevelopment: boolean;
};

export type Publication = {
  readonly id: Hex;
  readonly key: VerificationKey;
  readonly manifestHash: Hex;
  /** Where the model's files can be fetched; bound to nothing. */
  readonly uri: string;
};

export type Published = {
  readonly chainId: number;
  readonly transaction: Hex;
  readonly gasUsed: number;
  readonly isNew: boolean;
};

/** Looks at everything that could be in the way, which costs nothing, before a model is verified. */
export async function findVerifier(options: DestinationOptions): Promise<Destination> {
  const { rpc, verifier, key, isDevelopment } = options;
  const client = await connectChain({ rpc });
  const chainId = await client.getChainId();
  if (isDevelopment && chainId !== LOCAL_CHAIN_ID) throw new DevelopmentKeyError(chainId);
  const contract = { address: verifier, abi: groth16VerifierAbi } as const;
  const phase1 = await client.readContract({ ...contract, functionName: "phase1" }).catch((cause: unknown) => {
    throw new NoVerifierError(verifier, { cause });
  });
  if (!isDeepStrictEqual(phase1, [key.alpha, key.beta, key.gamma])) throw new OtherPhase1Error(verifier);
  return { rpc, client, chainId, verifier, account: await payerOf(options, chainId) };
}

/** Publishes a model, and makes sure that the verifier has it under its id. */
export async function publishModel(
  { rpc, client, chainId, verifier, account }: Destination,
  { id, key, manifestHash, uri }: Publication,
): Promise<Published> {
  try {
    const before = await isPublished(client, verifier, id);
    const { request, result } = await client.simulateContract({
      address: verifier,
      abi: groth16VerifierAbi,
      functionName: "publish",
      args: [key.delta, key.ic, manifestHash, uri],
      account,
    });
    if (result !== id) throw new OtherIdError(result, id);
    const wallet = createWalletClient({ account, transport: http(rpc) });
    const transaction = await wallet.writeContract({ ...request, chain: null });
    const { status, gasUsed } = await client.waitForTransactionReceipt({ hash: transaction });
    if (status !== "success" || !(await isPublished(client, verifier, id))) throw new NotPublishedError(transaction);
    return { chainId, transaction, gasUsed: Number(gasUsed), isNew: !before };
  } catch (error) {
    throw error instanceof BaseError ? new PublishingFailedError(chainId, error) : error;
  }
}

async function payerOf({ privateKey, rpc }: DestinationOptions, chainId: number): Promise<Account | Address> {
  if (privateKey !== undefined) return privateKeyToAccount(privateKey);
  const lent = chainId === LOCAL_CHAIN_ID ? await createWalletClient({ transport: http(rpc) }).getAddresses() : [];
  const [first] = lent;
  if (first === undefined) throw new NoPayerError(chainId);
  return first;
}

/** A chain did not take a transaction. */
export class PublishingFailedError extends Error {
  override readonly name = "PublishingFailedError";

  constructor(chainId: number, cause: BaseError) {
    // Not its message, which has the call's data, and the node's address with whatever key is in it.
    const reason = cause.walk((each) => each instanceof BaseError && each.details !== "");
    const { details, shortMessage } = reason instanceof BaseError ? reason : cause;
    const said = (details === "" ? shortMessage : details).split("\n")[0];
    super(`Chain ${chainId} did not publish the model: ${said}`, { cause });
  }
}

/** There is no verifier at an address. */
export class NoVerifierError extends Error {
  override readonly name = "NoVerifierError";

  constructor(verifier: Address, options?: ErrorOptions) {
    super(`There is no Groth16Verifier at ${verifier} on this chain. Deploy one, or name another.`, options);
  }
}

/** A verifier is for models of another phase 1. */
export class OtherPhase1Error extends Error {
  override readonly name = "OtherPhase1Error";

  constructor(verifier: Address) {
    super(`The verifier at ${verifier} is for models of another phase 1. Name one that is for this model's.`);
  }
}

/** A key that somebody may be able to forge with was to be published where there is money. */
export class DevelopmentKeyError extends Error {
  override readonly name = "DevelopmentKeyError";
  readonly chainId: number;

  constructor(chainId: number) {
    super(
      `Chain ${chainId} is not a local one, and the model's key is on the development phase 1: whoever knows its secret ` +
        "can forge a proof for it. Build the model on the phase 1 of a public ceremony.",
    );
    this.chainId = chainId;
  }
}

/** Nobody pays for a transaction. */
export class NoPayerError extends Error {
  override readonly name = "NoPayerError";

  constructor(chainId: number) {
    super(`Publishing on chain ${chainId} needs an account that pays. Give --keystore FILE, or set ASSAY_PRIVATE_KEY.`);
  }
}

/** A verifier gives a model another id. */
export class OtherIdError extends Error {
  override readonly name = "OtherIdError";

  constructor(found: Hex, expected: Hex) {
    super(`The verifier would give the model the id ${found} instead of ${expected}. It is no verifier of this kind.`);
  }
}

/** A transaction did not do what it was sent for. */
export class NotPublishedError extends Error {
  override readonly name = "NotPublishedError";

  constructor(transaction: Hex) {
    super(`The transaction ${transaction} did not publish the model. Look at it on the chain, and try again.`);
  }
}
