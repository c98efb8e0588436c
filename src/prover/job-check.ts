/**
 * Looks at everything in a stranger's job before a second is spent on proving it. What no check can tell is what happens
 * meanwhile: the provider may lease it to others too, settle it first, or reclaim its lock.
 */
import { isAddressEqual, type Address, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { idOf } from "../protocol/request.ts";
import type { Job } from "../protocol/wire.ts";
import type { Answer } from "../model/bundle/open.ts";
import type { ProvableModels } from "./models.ts";
import { feeBpsOf, whyNotAgreed, whyNotPayable } from "./owed.ts";
import { whyReverted } from "./reverts.ts";

export type JobCheckOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly models: ProvableModels;
  /** Verifiers of Groth16 proofs that this prover trusts to be what they say. */
  readonly verifiers: readonly Address[];
  /** How far away a deadline must be for a proof to be made and settled in time. */
  readonly leastSeconds: number;
};

/** Rejects with JobRefusedError. @param before Jobs in hand already, that draw on the same tabs. */
export type JobCheck = (job: Job, before: readonly Job[]) => Promise<void>;

export type RefusedBecause =
  | "other-id"
  | "unknown-model"
  | "unknown-verifier"
  | "unpublished"
  | "other-input"
  | "other-output"
  | "malformed"
  | "unsigned"
  | "too-late"
  | "exiting"
  | "expired"
  | "closed"
  | "underfunded";

/** Prepares the checks for one chain and its models. */
export async function startJobCheck(options: JobCheckOptions): Promise<JobCheck> {
  const { client, deployment, models, verifiers, leastSeconds } = options;
  const chain = { client, deployment, feeBps: await feeBpsOf(options) };
  const published = new Set<string>();

  const checkAnswer = ({ id, request, output, fields, salt }: Job): void => {
    const known = models.get(request.model);
    if (known === undefined) throw new JobRefusedError(id, "unknown-model");
    let answer: Answer;
    try {
      answer = known.model.answerSteps(fields, salt);
    } catch (cause) {
      throw new JobRefusedError(id, "other-input", { cause });
    }
    if (answer.input !== request.input) throw new JobRefusedError(id, "other-input");
    if (answer.output !== output) throw new JobRefusedError(id, "other-output");
  };

  const checkPublished = async ({ id, request: { verifier, model } }: Job): Promise<void> => {
    const key = `${verifier} ${model}`;
    if (published.has(key)) return;
    const contract = { address: verifier, abi: groth16VerifierAbi, functionName: "keyOf", args: [model] } as const;
    const isPublished = await client.readContract(contract).then(
      () => true,
      (error: unknown) => {
        if (whyReverted(error) !== undefined) return false;
        throw error;
      },
    );
    if (!isPublished) throw new JobRefusedError(id, "unpublished");
    published.add(key);
  };

  /** What the tab has beside the jobs in hand, and for how long. */
  const checkTab = async ({ id, request, charge }: Job, before: readonly Job[], last: bigint): Promise<void> => {
    const { funds, exitAt } = await client.readContract({
      address: deployment.escrow,
      abi: escrowAbi,
      functionName: "tabOf",
      args: [request.payer, request.provider],
    });
    const promised = before.reduce((sum, other) => sum + other.charge, 0n);
    if (funds < promised + charge) throw new JobRefusedError(id, "underfunded");
    // From then on the payer can take the tab's money away at any moment.
    if (exitAt !== 0 && BigInt(exitAt) < last) throw new JobRefusedError(id, "exiting");
  };

  return async (job, before) => {
    const { id, request } = job;
    if (idOf(request, deployment) !== id) throw new JobRefusedError(id, "other-id");
    if (!verifiers.some((verifier) => isAddressEqual(verifier, request.verifier))) {
      throw new JobRefusedError(id, "unknown-verifier");
    }
    // Cheap questions first: who sends rubbish gets little work out of it.
    const disagreement = await whyNotAgreed(job, id, chain);
    if (disagreement !== undefined) throw new JobRefusedError(id, disagreement);
    checkAnswer(job);
    const last = (await client.getBlock()).timestamp + BigInt(leastSeconds);
    if (BigInt(request.deadline) < last) throw new JobRefusedError(id, "too-late");
    const [reason] = await whyNotPayable(chain, [job]);
    if (reason !== undefined) throw new JobRefusedError(id, reason);
    const sameTab = before.filter((other) => isSameTab(other, job));
    if (!request.locked) await checkTab(job, sameTab, last);
    await checkPublished(job);
  };
}

function isSameTab({ request: one }: Job, { request: other }: Job): boolean {
  return (
    one.locked === other.locked &&
    isAddressEqual(one.payer, other.payer) &&
    isAddressEqual(one.provider, other.provider)
  );
}

const WORDS: Readonly<Record<RefusedBecause, string>> = {
  "other-id": "its id is not that of its request on this chain and escrow",
  "unknown-model": "this prover does not hold its model",
  "unknown-verifier": "it names a verifier that this prover does not know",
  unpublished: "its model is not published at its verifier",
  "other-input": "its input is not the one that its request commits to",
  "other-output": "the model gives another output",
  malformed: "its amounts are such that the escrow pays nothing",
  unsigned: "a signature in it is not the payer's, or not the provider's",
  "too-late": "its deadline is too near",
  exiting: "its tab may be emptied before it settles",
  expired: "its deadline has passed",
  closed: "it was settled or reclaimed already",
  underfunded: "its tab does not cover it beside the jobs in hand",
};

/** What may be otherwise another time. */
const PASSING: ReadonlySet<RefusedBecause> = new Set(["underfunded", "unpublished"]);

/** A stranger's job is not worth proving. */
export class JobRefusedError extends Error {
  override readonly name = "JobRefusedError";
  readonly id: Hex;
  readonly because: RefusedBecause;

  constructor(id: Hex, because: RefusedBecause, options?: ErrorOptions) {
    super(`Job ${id} is refused: ${WORDS[because]}.`, options);
    this.id = id;
    this.because = because;
  }

  /** Whether there is no use in looking at it again. */
  get isForGood(): boolean {
    return !PASSING.has(this.because);
  }
}
