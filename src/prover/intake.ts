/** From a leased job to a proven fill: is it worth it, then the proof. */
import { isAddressEqual, type Address, type Hex, type PublicClient } from "viem";

import type { Deployment } from "../protocol/deployment.ts";
import type { Job } from "../protocol/wire.ts";
import type { Hand, Held } from "./hand.ts";
import { whyNotPayable } from "./owed.ts";
import { reasonOf } from "./plain.ts";
import { JobTakenOutError, ProvingFailedError, type Pool } from "./pool.ts";
import type { ProverEvent } from "./prover-events.ts";
import type { Proven } from "./settle.ts";
import type { Worth } from "./worth.ts";

export type IntakeOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly feeBps: bigint;
  readonly worth: Worth;
  readonly pool: Pool;
  readonly hand: Hand;
  readonly prover: Address;
  readonly own: Address | undefined;
  readonly confirmations: number;
  /** Aborted when what waits for a proof is to be given back. */
  readonly closing: AbortSignal;
  readonly onProven: (proven: Proven) => void;
  readonly onEvent: (event: ProverEvent) => void;
};

export type Intake = {
  /** Whether a job is to be proven; one that is not has been ended. */
  readonly accept: (held: Held) => Promise<boolean>;
  readonly prove: (held: Held) => Promise<void>;
};

/** Prepares to take jobs in. */
export function startIntake(options: IntakeOptions): Intake {
  const { client, worth, pool, hand, prover, own, closing, onProven, onEvent } = options;

  const whyNot = async (job: Job): Promise<{ end: (id: Hex) => Promise<void> } | undefined> => {
    const [state] = await whyNotPayable(options, [job], options.confirmations);
    if (state === "closed") return { end: hand.closed };
    if (state === "expired") return { end: (id) => hand.setAside(id, "its deadline has passed") };
    const reason = await worth.whyNotProve(job.request);
    return reason === undefined ? undefined : { end: (id) => hand.giveBack(id, reason) };
  };

  return {
    async accept({ leased: { job } }) {
      try {
        const refusal = await whyNot(job);
        await refusal?.end(job.id);
        return refusal === undefined;
      } catch (error) {
        onEvent({ kind: "trouble", with: "chain", reason: reasonOf(error) });
        // A penalty waits for no chain that is silent for a while.
        if (own !== undefined && isAddressEqual(own, job.request.provider)) return true;
        await hand.giveBack(job.id, "it is not known whether its fee pays for gas");
        return false;
      }
    },

    async prove({ leased: { job }, lost }) {
      const { id, request, signature, output, charge, receipt } = job;
      try {
        const fromBlock = await client.getBlockNumber().catch(() => 0n);
        let startedAt = 0;
        const onStart = (): void => {
          startedAt = performance.now();
          onEvent({ kind: "proving", id });
        };
        const signal = AbortSignal.any([lost.signal, closing]);
        // An enclave's signature came with its answer: there is nothing to prove, and nothing to wait for.
        const { proof } =
          job.proof === undefined ? await pool.prove(job, prover, { signal, onStart }) : { proof: job.proof };
        if (!hand.proven(id)) return;
        if (job.proof === undefined) onEvent({ kind: "proven", id, milliseconds: performance.now() - startedAt });
        const fill = { request, signature, output, charge, receipt, prover };
        onProven({ id, request, verifier: request.verifier, deadline: request.deadline, fill, proof, fromBlock });
      } catch (error) {
        if (error instanceof ProvingFailedError && error.isForGood) await hand.setAside(id, error.reason);
        else if (error instanceof JobTakenOutError) await hand.giveBack(id, "the prover stops");
        else await hand.giveBack(id, reasonOf(error));
      }
    },
  };
}
