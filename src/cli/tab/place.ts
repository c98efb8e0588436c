/** The escrow that a command is about: on which chain, by which node, and with which token. */
import { BaseError } from "viem";
import type { Address, PublicClient } from "viem";

import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import { chainErrorOf, connectChain, isUnreachable } from "../../chain/rpc.ts";
import { readRecordFile, recordFile } from "../../deploy/record.ts";
import { erc20MetadataAbi } from "../../protocol/abi/erc20-metadata.ts";
import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { findConfig } from "../config.ts";
import { dollarsText } from "../config/dollars.ts";
import type { Config } from "../config/schema.ts";
import { addressOption, rpcOption } from "../options.ts";

const LOCAL_NODE = "http://127.0.0.1:8545";
const RECORDS = "deployments";

/** The options by which a command is told. */
export const PLACE_OPTIONS = {
  config: { type: "string" },
  rpc: { type: "string" },
  escrow: { type: "string" },
} as const;

export type Place = {
  readonly rpc: string;
  readonly client: PublicClient;
  readonly chainId: number;
  readonly isLocal: boolean;
  readonly escrow: Address;
  readonly token: Address;
  /** The block of the escrow's deployment, or the chain's first where nobody wrote it down. */
  readonly since: number;
  readonly config: Config | undefined;
};

type Given = { readonly [option in keyof typeof PLACE_OPTIONS]?: string | undefined };

/** Finds the escrow by the options, or else by the config, or else on a local chain by the record of its deployment. */
export async function findPlace(given: Given, environment: NodeJS.ProcessEnv): Promise<Place> {
  const asked = addressOption("--escrow", given.escrow);
  const named = given.rpc === undefined ? undefined : rpcOption(given.rpc);
  const config = await findConfig(given.config, environment);
  const rpc = named ?? config?.chain.rpc ?? LOCAL_NODE;
  const client = await connectChain({ rpc, ...(config !== undefined && { chainId: config.chain.id }) });
  const chainId = await client.getChainId();
  const file = config?.chain.deployment ?? recordFile(RECORDS, chainId);
  const recorded = asked === undefined ? (await readRecordFile(file, chainId))?.contracts.Escrow : undefined;
  const escrow = asked ?? recorded?.address;
  if (escrow === undefined) throw new NoDeploymentError(chainId, file);
  const token = await client
    .readContract({ address: escrow, abi: escrowAbi, functionName: "TOKEN" })
    .catch((cause: unknown) => {
      throw cause instanceof BaseError && isUnreachable(cause)
        ? chainErrorOf(cause, new URL(rpc).origin)
        : new NotEscrowError(escrow, chainId, { cause });
    });
  return {
    rpc,
    client,
    chainId,
    isLocal: chainId === LOCAL_CHAIN_ID,
    escrow,
    token,
    since: recorded?.block ?? 0,
    config,
  };
}

/** One tab, and what else the two of it have in the escrow. */
export async function readTab({ client, escrow }: Place, payer: Address, provider: Address) {
  const contract = { address: escrow, abi: escrowAbi } as const;
  const [{ funds, stake, exitAt }, delay, { timestamp }] = await Promise.all([
    client.readContract({ ...contract, functionName: "tabOf", args: [payer, provider] }),
    client.readContract({ ...contract, functionName: "EXIT_DELAY" }),
    client.getBlock(),
  ]);
  return { payer, provider, funds, stake, exitAt, delay: Number(delay), now: Number(timestamp) };
}

export type TabState = Awaited<ReturnType<typeof readTab>>;

/** What an account can withdraw from the escrow. */
export async function balanceIn({ client, escrow }: Place, account: Address): Promise<bigint> {
  return client.readContract({ address: escrow, abi: escrowAbi, functionName: "balanceOf", args: [account] });
}

/** How much of the token an account has in its own wallet. */
export async function inWallet({ client, token }: Place, account: Address): Promise<bigint> {
  return client.readContract({ address: token, abi: erc20MetadataAbi, functionName: "balanceOf", args: [account] });
}

/** Refuses what an account cannot pay for. */
export async function checkWallet(place: Place, account: Address, amount: bigint): Promise<void> {
  const held = await inWallet(place, account);
  if (held < amount) throw new NotEnoughTokensError(account, held, amount, place.token);
}

/** Nobody knows where the escrow is. */
export class NoDeploymentError extends Error {
  override readonly name = "NoDeploymentError";

  constructor(chainId: number, file: string) {
    super(
      `No deployment on chain ${chainId} is recorded in ${file}. Name the escrow with --escrow ADDRESS, or the record ` +
        "in the config's chain.deployment.",
    );
  }
}

/** There is no escrow where one should be. */
export class NotEscrowError extends Error {
  override readonly name = "NotEscrowError";

  constructor(address: Address, chainId: number, options?: ErrorOptions) {
    super(
      `There is no escrow at ${address} on chain ${chainId}. Check the address, and that it is for this chain.`,
      options,
    );
  }
}

/** A wallet holds less than it is to pay. */
export class NotEnoughTokensError extends Error {
  override readonly name = "NotEnoughTokensError";

  constructor(account: Address, held: bigint, amount: bigint, token: Address) {
    super(
      `${account} holds ${dollarsText(held)} of the token ${token}, and this takes ${dollarsText(amount)}. Send it more, ` +
        "or name a smaller amount.",
    );
  }
}
