/** The enclave's key, which never leaves its memory, and what the enclave says of it. */
import type { Address } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import type { Signer } from "../protocol/signature.ts";
import { hashServingPolicy, type ServingPolicy, type Statement } from "../enclave/statement.ts";

/** The part of a statement's life after which the next one is made: attesters then have the rest to enrol it. */
const RENEWED_AFTER = 0.4;

export type StatementOptions = {
  readonly policy: ServingPolicy;
  /** The providers' keys whose gateways it answers to. */
  readonly gateways: readonly Address[];
  /** Seconds for which a statement holds. */
  readonly validity: number;
  /** Seconds of Unix time. */
  readonly now: () => number;
};

export type Statements = {
  readonly signer: Signer;
  /** The statement of this time: with every epoch the same key has a later end. */
  readonly current: () => Statement;
};

export function openStatements({ policy, gateways, validity, now }: StatementOptions): Statements {
  const signer = privateKeyToAccount(generatePrivateKey());
  const made = (epoch: number): Statement => ({
    version: 1,
    key: signer.address,
    chainId: policy.chainId,
    verifier: policy.verifier,
    gateways: [...gateways],
    policy: hashServingPolicy(policy),
    epoch,
    expires: now() + validity,
  });
  let statement = made(1);
  return {
    signer,
    current() {
      const age = now() + validity - statement.expires;
      if (age >= validity * RENEWED_AFTER) statement = made(statement.epoch + 1);
      return statement;
    },
  };
}
