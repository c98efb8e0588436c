/** Everything that a provider decides about its gateway. */
import type { Address, Hex } from "viem";

import type { Deployment } from "../protocol/deployment.ts";
import { EXIT_DELAY } from "../protocol/limits.ts";
import type { Token } from "../protocol/tokens.ts";
import type { StoreLocation } from "../store/database.ts";

/** A model for sale. */
export type Sale = {
  /** Of the built model. */
  readonly folder: string;
  readonly verifier: Address;
  readonly price: bigint;
  readonly proverFee: bigint;
  readonly penalty: bigint;
  /** Seconds from the answer to the deadline. */
  readonly timeout: number;
  /** Whether strangers may prove its answers, and so see its inputs. */
  readonly openJobs: boolean;
};

/** An enclave whose answers are for sale; its models and their prices are in what it attests. */
export type AttestedSale = {
  /** Of the program inside. */
  readonly url: string;
  readonly verifier: Address;
  readonly penalty: bigint;
  /** Seconds from the answer to the deadline. */
  readonly timeout: number;
};

/** What the provider puts into the tabs of payers by itself. */
export type StakePolicy = {
  /** In each tab. */
  readonly perTab: bigint;
  /** In all of them together. */
  readonly total: bigint;
  /** A tab with less in it gets none: else anybody could bind a stake for nothing. */
  readonly leastFunds: bigint;
};

export type GatewaySettings = {
  readonly rpc: string;
  readonly deployment: Deployment;
  readonly commitmentLog: Address;
  readonly token: Token;
  /** The block of the escrow's deployment. */
  readonly fromBlock: number;
  /** How many blocks have to follow one before it counts. */
  readonly confirmations: number;
  /** The provider's key: it signs receipts, and pays for what the provider does on chain. */
  readonly privateKey: Hex;
  readonly store: StoreLocation;
  readonly sales: readonly Sale[];
  readonly enclaves?: readonly AttestedSale[];
  readonly listen: { readonly host: string; readonly port: number };
  /** Where clients reach it; by default where it listens. */
  readonly publicUrl?: string;
  readonly stake?: StakePolicy;
  /** A smaller top-up is not worth its gas. */
  readonly leastTopUp: bigint;
  readonly limits: GatewayLimits;
  /** How often receipts are committed to on chain; zero for never. */
  readonly commitEverySeconds: number;
  readonly pollMs: number;
  /** How old the newest block may be before the gateway stops selling; undefined on chains that mine on demand. */
  readonly mostLagSeconds?: number;
};

export type GatewayLimits = {
  readonly bodyBytes: number;
  /** From one address. */
  readonly requestsPerSecond: number;
  /** At once, from all. */
  readonly concurrency: number;
};

/** Least and most seconds from now to a deadline. Beyond the most, an exit could begin after the answer and end before it. */
export const DEADLINE = { least: 60, most: EXIT_DELAY - 600 } as const;

export const JOURNAL_RULES = { heldSeconds: 30, nonceWindow: 256, exitMargin: 600 } as const;

/** How long a stock client has to pay a quote. */
export const QUOTE_SECONDS = 300;
