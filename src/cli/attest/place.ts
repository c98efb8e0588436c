/** The verifier of enclaves' answers that a command is about: on which chain, by which node, and under which rules. */
import { BaseError, type Address, type PublicClient } from "viem";

import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import { chainErrorOf, connectChain, isUnreachable } from "../../chain/rpc.ts";
import { enclaveVerifierAbi } from "../../protocol/abi/enclave-verifier.ts";
import { findConfig } from "../config.ts";
import type { AttesterConfig, Config } from "../config/schema.ts";
import { addressOption, rpcOption } from "../options.ts";
import { recordNear } from "../recorded.ts";

const LOCAL_NODE = "http://127.0.0.1:8545";

/** The options by which a command is told. */
export const PLACE_OPTIONS = {
  config: { type: "string" },
  rpc: { type: "string" },
  verifier: { type: "string" },
} as const;

export type AttestPlace = {
  readonly rpc: string;
  readonly client: PublicClient;
  readonly chainId: number;
  readonly isLocal: boolean;
  readonly verifier: Address;
  /** How many attesters it takes. */
  readonly threshold: number;
  /** How far ahead an expiry may be, in seconds. */
  readonly mostValidity: number;
  readonly config: Config | undefined;
};

type Given = { readonly [option in keyof typeof PLACE_OPTIONS]?: string | undefined };

/** Finds the verifier by the options, or else by the config, or else by the record of a deployment. */
export async function findAttestPlace(given: Given, environment: NodeJS.ProcessEnv): Promise<AttestPlace> {
  const asked = addressOption("--verifier", given.verifier);
  const node = given.rpc === undefined ? undefined : rpcOption(given.rpc);
  const config = await findConfig(given.config, environment);
  const rpc = node ?? config?.chain.rpc ?? LOCAL_NODE;
  const client = await connectChain({ rpc, ...(config !== undefined && { chainId: config.chain.id }) });
  const chainId = await client.getChainId();
  const named = asked ?? config?.attester?.verifier;
  const verifier = named ?? (await recordNear(config, chainId))?.contracts.EnclaveVerifier?.address;
  if (verifier === undefined) throw new UnnamedVerifierError(chainId);
  const contract = { address: verifier, abi: enclaveVerifierAbi } as const;
  const [threshold, mostValidity] = await Promise.all([
    client.readContract({ ...contract, functionName: "THRESHOLD" }),
    client.readContract({ ...contract, functionName: "MAX_VALIDITY" }),
  ]).catch((cause: unknown) => {
    throw cause instanceof BaseError && isUnreachable(cause)
      ? chainErrorOf(cause, new URL(rpc).origin)
      : new NotEnclaveVerifierError(verifier, chainId, { cause });
  });
  return {
    rpc,
    client,
    chainId,
    isLocal: chainId === LOCAL_CHAIN_ID,
    verifier,
    threshold: Number(threshold),
    mostValidity: Number(mostValidity),
    config,
  };
}

/** What the config accepts: without it nothing can be checked. */
export function policyIn({ config }: AttestPlace): AttesterConfig {
  if (config?.attester === undefined) throw new NoPolicyError();
  return config.attester;
}

/** Asks the chain; what goes wrong there says nothing of where its node is but the origin. */
export async function fromChain<T>({ rpc }: Pick<AttestPlace, "rpc">, asked: Promise<T>): Promise<T> {
  return asked.catch((error: unknown) => {
    throw chainErrorOf(error, new URL(rpc).origin);
  });
}

/** Nobody says which contract it is about. */
export class UnnamedVerifierError extends Error {
  override readonly name = "UnnamedVerifierError";

  constructor(chainId: number) {
    super(
      `No EnclaveVerifier on chain ${chainId} is recorded. Name it with --verifier ADDRESS, or as attester.verifier in ` +
        "the config.",
    );
  }
}

/** There is no such contract where one should be. */
export class NotEnclaveVerifierError extends Error {
  override readonly name = "NotEnclaveVerifierError";

  constructor(address: Address, chainId: number, options?: ErrorOptions) {
    super(
      `There is no EnclaveVerifier at ${address} on chain ${chainId}. Check the address, and that it is for this chain.`,
      options,
    );
  }
}

/** An attester that does not say what it accepts accepts nothing. */
export class NoPolicyError extends Error {
  override readonly name = "NoPolicyError";

  constructor() {
    super(
      'There is no config with an "attester", which says which enclaves are accepted: nothing is, without one. ' +
        "docs/config.md shows it.",
    );
  }
}
