/** Storing a model's key on chain. Publishing again changes nothing, but tells a new place to fetch its files from. */
import { isDeepStrictEqual } from "node:util";

import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  http,
  type Account,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";
import type { VerificationKey } from "../protocol/model.ts";

export type Publication = {
  readonly rpc: string;
  readonly verifier: Address;
  /** The account that pays; a local chain lends one of its own. */
  readonly privateKey: Hex | undefined;
  readonly id: Hex;
  readonly key: VerificationKey;
  readonly manifestHash: Hex;
  readonly uri: string;
  readonly isDevelopment: boolean;
  readonly onStep?: (words: string) => void;
};

export type Published = {
  readonly chainId: number;
  readonly transaction: Hex;
  readonly gasUsed: bigint;
  readonly isNew: boolean;
};

/** What every development node calls itself. */
const LOCAL_CHAIN_ID = 31_337;

/** Publishes a model, and makes sure that the verifier has it under its id. */
export async function publishModel(publication: Publication): Promise<Published> {
  const { rpc, verifier, id, key, manifestHash, uri, isDevelopment, onStep = () => {} } = publication;
  onStep("asking the verifier");
  const client = createPublicClient({ transport: http(rpc), pollingInterval: 500 });
  const chainId = await client.getChainId().catch((cause: unknown) => {
    throw new NoChainError(new URL(rpc).origin, { cause });
  });
  if (isDevelopment && chainId !== LOCAL_CHAIN_ID) throw new DevelopmentKeyError(chainId);
  const contract = { address: verifier, abi: groth16VerifierAbi } as const;
  const { alpha, beta, gamma, delta, ic } = key;
  const phase1 = await client.readContract({ ...contract, functionName: "phase1" }).catch((cause: unknown) => {
    throw new NoVerifierError(verifier, { cause });
  });
  if (!isDeepStrictEqual(phase1, [alpha, beta, gamma])) throw new OtherPhase1Error(verifier);
  const account = await payerOf(publication, chainId);

  onStep("publishing");
  const before = await isPublished(client, verifier, id);
  const { request, result } = await client.simulateContract({
    ...contract,
    functionName: "publish",
    args: [delta, ic, manifestHash, uri],
    account,
  });
  if (result !== id) throw new OtherIdError(result, id);
  const wallet = createWalletClient({ account, transport: http(rpc) });
  const transaction = await wallet.writeContract({ ...request, chain: null });
  const { status, gasUsed } = await client.waitForTransactionReceipt({ hash: transaction });
  if (status !== "success" || !(await isPublished(client, verifier, id))) throw new NotPublishedError(transaction);
  return { chainId, transaction, gasUsed, isNew: !before };
}

async function payerOf({ privateKey, rpc }: Publication, chainId: number): Promise<Account | Address> {
  if (privateKey !== undefined) return privateKeyToAccount(privateKey);
  const lent = chainId === LOCAL_CHAIN_ID ? await createWalletClient({ transport: http(rpc) }).getAddresses() : [];
  const [first] = lent;
  if (first === undefined) throw new NoPayerError(chainId);
  return first;
}

async function isPublished(client: PublicClient, verifier: Address, id: Hex): Promise<boolean> {
  try {
    await client.readContract({ address: verifier, abi: groth16VerifierAbi, functionName: "keyOf", args: [id] });
    return true;
  } catch (error) {
    const cause =
      error instanceof BaseError ? error.walk((each) => each instanceof ContractFunctionRevertedError) : null;
    if (cause instanceof ContractFunctionRevertedError && cause.data?.errorName === "UnknownModel") return false;
    throw error;
  }
}

/** Nobody answers at the address of the chain's node. */
export class NoChainError extends Error {
  override readonly name = "NoChainError";
  /** Without path and query, which may hold a provider's key. */
  readonly origin: string;

  constructor(origin: string, options?: ErrorOptions) {
    super(`No chain answers JSON-RPC at ${origin}. Check the address of its node.`, options);
    this.origin = origin;
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
