/** Looks at an enclave as its clients will, and at whether its answers would be paid. */
import { isAddressEqual, type Address, type PublicClient } from "viem";

import { findEnrolled, findMeasurement, type Enrolled } from "../../chain/enrolled.ts";
import { checkEvidence, servesProvider, type CheckedEnclave } from "../../enclave/check.ts";
import { TCB_STATUSES, type Evidence } from "../../enclave/evidence.ts";
import { hashMeasurement } from "../../enclave/measurement.ts";
import { isRealRoot } from "../../enclave/roots.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import type { AttestedSale } from "../settings.ts";
import type { EnclaveLink } from "./enclave-link.ts";

/** Between the last deadline and the key's expiry, for the settlement. */
export const MARGIN_SECONDS = 120;

export type Inspected = {
  readonly evidence: Evidence;
  readonly checked: CheckedEnclave;
  /** By what the escrow would pay for an answer now; or why it would not. */
  readonly payable: Enrolled | string;
};

export type InspectOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly provider: Address;
  /** How many blocks have to follow one before it counts: on one that vanishes, evidence is worth nothing. */
  readonly confirmations: number;
  /** The chain's time. */
  readonly now: number;
};

/** Rejects when what the enclave shows does not hold, or it serves somebody else. */
export async function inspectEnclave(
  sale: Pick<AttestedSale, "url" | "verifier">,
  link: EnclaveLink,
  { client, deployment, provider, confirmations, now }: InspectOptions,
): Promise<Inspected> {
  const head = await client.getBlockNumber({ cacheTime: 0 });
  const depth = BigInt(confirmations);
  const block = await client.getBlock({ blockNumber: head > depth ? head - depth : 0n });
  const evidence = await link.evidence({ number: block.number, hash: block.hash });
  const measurements = evidence.policy.models.map(({ enclave }) => enclave);
  const checked = await checkEvidence(
    evidence,
    {
      measurements: measurements.map(hashMeasurement),
      // Clients decide which platforms they accept.
      tcb: TCB_STATUSES,
      simulatedRoots: measurements.filter((each) => !isRealRoot(each)).map(({ root }) => root),
    },
    Math.floor(Date.now() / 1000),
  );
  const { statement, policy } = evidence;
  const isOurs =
    statement.chainId === deployment.chainId &&
    isAddressEqual(policy.escrow, deployment.escrow) &&
    isAddressEqual(statement.verifier, sale.verifier) &&
    servesProvider(statement, provider);
  if (!isOurs) throw new OtherEnclaveError(sale.url);
  return { evidence, checked, payable: await whyNotPaid(checked, sale.verifier, client, now) };
}

/** Why the escrow would not pay for an answer now; or by what it would. */
async function whyNotPaid(
  { statement, measurement, models }: CheckedEnclave,
  verifier: Address,
  client: PublicClient,
  now: number,
): Promise<string | Enrolled> {
  for (const model of models) {
    if ((await findMeasurement(client, verifier, model)) === undefined) {
      return `The model ${model} is not published at its verifier yet. Its provider runs "assay attest publish".`;
    }
  }
  const enrolled = await findEnrolled(client, verifier, statement.key);
  if (enrolled === undefined) return `No quorum of attesters has enrolled the enclave's key ${statement.key} yet.`;
  if (enrolled.isRevoked) return `The enclave's key ${statement.key}, or its code, was revoked.`;
  if (enrolled.measurement !== measurement) return "The enclave's key is enrolled for other code.";
  if (enrolled.expiry - MARGIN_SECONDS <= now) return `The enclave's key ${statement.key} has expired.`;
  return enrolled;
}

/** An enclave serves another chain, contract or provider. */
export class OtherEnclaveError extends Error {
  override readonly name = "OtherEnclaveError";

  constructor(url: string) {
    super(
      `The enclave at ${url} does not serve this provider on this escrow and verifier. Name them in its settings, and ` +
        "start it again.",
    );
  }
}
