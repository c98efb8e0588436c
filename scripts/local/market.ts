/** Who trades in demos, tests and benchmarks, and what each of them does: ask, answer, prove. */
import { mnemonicToAccount } from "viem/accounts";
import type { HDAccount } from "viem/accounts";
import { concatHex, zeroAddress } from "viem";
import type { Address, Hex } from "viem";

import { contextOf } from "../../src/protocol/context.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import type { Fill } from "../../src/protocol/fill.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import * as Request from "../../src/protocol/request.ts";
import { NO_SIGNATURE } from "../../src/protocol/signature.ts";
import type { Applicant, SampleModel } from "./models.ts";

/** An account of the phrase that every development chain knows, so that it has money there. */
export function account(index: number): HDAccount {
  return mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: index });
}

/** What all requests of one trade have in common. */
export type Terms = {
  readonly deployment: Deployment;
  readonly verifier: Address;
  readonly agent: HDAccount;
  readonly provider: HDAccount;
  readonly prover: Address;
  readonly price: bigint;
  readonly proverFee: bigint;
  readonly penalty: bigint;
  readonly deadline: number;
  readonly consumer?: Address;
};

/** One question of a trade. */
export type Question = {
  readonly model: SampleModel;
  readonly applicant: Applicant;
  readonly nonce: bigint;
  readonly locked: boolean;
};

/** A question that was answered, with what it takes to prove the answer. */
export type Answered = { readonly fill: Fill; readonly id: Hex; readonly proof: () => Promise<Hex> };

/** The agent asks and the provider answers: both signatures, in milliseconds. */
export async function answer(terms: Terms, { model, applicant, nonce, locked }: Question): Promise<Answered> {
  const { deployment, agent, provider, prover, price } = terms;
  const { input, output } = await model.answer(applicant);
  const request = {
    payer: agent.address,
    provider: provider.address,
    verifier: terms.verifier,
    consumer: terms.consumer ?? zeroAddress,
    model: model.id,
    input,
    price,
    proverFee: terms.proverFee,
    penalty: terms.penalty,
    deadline: terms.deadline,
    locked,
    nonce,
  };
  const id = Request.idOf(request, deployment);
  const signature = locked ? NO_SIGNATURE : await Request.sign(request, deployment, agent);
  const receipt = await Receipt.sign({ request: id, output, charge: price }, deployment, provider);
  return {
    fill: { request, signature, output, charge: price, receipt, prover },
    id,
    proof: () => model.prove(applicant, contextOf(id, prover, deployment)),
  };
}

/** Proves answers one after the other. */
export async function proveAll(answers: readonly Answered[], onProof: () => void = () => {}): Promise<Hex> {
  const proofs: Hex[] = [];
  for (const { proof } of answers) {
    proofs.push(await proof());
    onProof();
  }
  return concatHex(proofs);
}
