/** A node with a published model and a funded tab, and jobs as a gateway would have them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { toHex, zeroAddress, type Address, type Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { startNode } from "../../scripts/local/node.ts";
import { account } from "../../scripts/local/market.ts";
import { connectChain } from "../../src/chain/rpc.ts";
import { startSender } from "../../src/chain/send.ts";
import { buildModel } from "../../src/model/bundle/build.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { DEVELOPMENT_PHASE1 } from "../../src/model/phase1.ts";
import { foldersOf, openModels, type ProvableModel, type ProvableModels } from "../../src/prover/models.ts";
import { manifestHashOf } from "../../src/model/manifest/manifest.ts";
import { contextOf } from "../../src/protocol/context.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import * as Request from "../../src/protocol/request.ts";
import { NO_SIGNATURE } from "../../src/protocol/signature.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import type { Job } from "../../src/protocol/wire.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";

const IRIS = fileURLToPath(new URL("../../models/iris", import.meta.url));
const USDC = 10n ** 6n;
/** How much an agent has on its tab. */
export const FUNDS = 100n * USDC;
export const HOUR = 3_600;

/** A flower in steps of a millimetre. */
export const FLOWER = [51, 35, 14, 2] as const;

/** The iris model, built into a folder that goes with the test. */
export async function startModels() {
  const folder = await mkdtemp(join(tmpdir(), "assay-test-prover-"));
  const { id } = await buildModel(IRIS, join(folder, "iris"), { setup: { phase1: DEVELOPMENT_PHASE1.path } });
  const models = await openModels([join(folder, "iris")]);
  const stop = async (): Promise<void> => {
    await stopThreads();
    await rm(folder, { recursive: true });
  };
  return { id, folder: join(folder, "iris"), models, folders: foldersOf(models), stop };
}

export type Terms = {
  readonly nonce: bigint;
  readonly deadline: number;
  readonly fields: readonly number[];
  readonly price: bigint;
  readonly proverFee: bigint;
  readonly locked: boolean;
  readonly agent: HDAccount;
  readonly verifier: Address;
  readonly consumer: Address;
};

export type Market = {
  readonly deployment: Deployment;
  readonly models: ProvableModels;
  readonly id: Hex;
  readonly provider: HDAccount;
};

/** A job as a gateway has it after it answered: with both signatures. */
export async function jobOf({ deployment, models, id, provider }: Market, terms: Terms): Promise<Job> {
  const { fields, price, locked, agent, nonce } = terms;
  const model = models.get(id)?.model;
  if (model === undefined) throw new RangeError(`there is no model ${id}`);
  const { salt, input, output } = model.answerSteps(fields, nonce + 1n);
  const request = {
    payer: agent.address,
    provider: provider.address,
    verifier: terms.verifier,
    consumer: terms.consumer,
    model: id,
    input,
    price,
    proverFee: terms.proverFee,
    penalty: USDC,
    deadline: terms.deadline,
    locked,
    nonce,
  };
  const requestId = Request.idOf(request, deployment);
  return {
    id: requestId,
    request,
    signature: locked ? NO_SIGNATURE : await Request.sign(request, deployment, agent),
    output,
    charge: price,
    receipt: await Receipt.sign({ request: requestId, output, charge: price }, deployment, provider),
    fields,
    salt,
  };
}

/** A job for tests that need no chain. */
export function paperJob(models: Awaited<ReturnType<typeof startModels>>, terms: Partial<Terms> = {}): Promise<Job> {
  const deployment = PAPER_DEPLOYMENT;
  return jobOf({ ...models, deployment, provider: account(2) }, { ...PAPER_TERMS, ...terms });
}

export const PAPER_DEPLOYMENT: Deployment = { chainId: 31_337, escrow: account(9).address };

const PAPER_TERMS: Terms = {
  nonce: 0n,
  deadline: 2_000_000_000,
  fields: FLOWER,
  price: USDC / 10n,
  proverFee: USDC / 100n,
  locked: false,
  agent: account(1),
  verifier: account(8).address,
  consumer: zeroAddress,
};

/** Starts everything that proving and settling takes, but the prover. */
export async function startWorld() {
  const [models, node] = [await startModels(), await startNode()];
  const { verifier, token, escrow, deployment, test } = node;
  const [agent, provider, prover] = [account(1), account(2), account(3)];
  const client = await connectChain({ rpc: node.url, chainId: deployment.chainId });
  const { model } = models.models.get(models.id) as ProvableModel;
  const key = keyFromSnarkjs(model.key);
  await verifier.write.publish([key.delta, key.ic, manifestHashOf(model.manifest), "test"]);
  await token.write.mint([agent.address, 10n * FUNDS]);
  await token.write.approve([escrow.address, 10n * FUNDS], { account: agent.address });
  await escrow.write.fund([agent.address, provider.address, FUNDS], { account: agent.address });

  const now = async (): Promise<number> => Number((await client.getBlock()).timestamp);
  let nonce = 0n;
  const job = async (terms: Partial<Terms> = {}): Promise<Job> => {
    const deadline = (await now()) + HOUR;
    const given = { ...PAPER_TERMS, verifier: verifier.address, deadline, nonce: nonce++, ...terms };
    return jobOf({ ...models, deployment, provider }, given);
  };
  const fundsLeft = async (): Promise<bigint> => (await escrow.read.tabOf([agent.address, provider.address])).funds;
  /** The job with another answer, as its provider would sign that. */
  const sign = async (one: Job, output: Hex): Promise<Job> => {
    const { id, charge } = one;
    return { ...one, output, receipt: await Receipt.sign({ request: id, output, charge }, deployment, provider) };
  };
  /** The fill and the proof of a job, for any prover. */
  const proven = async (one: Job, by: Address = prover.address) => {
    const { id, request, signature, output, charge, receipt, fields, salt } = one;
    const context = BigInt(contextOf(id, by, deployment));
    const { proof } = await model.prove({ fields, salt, input: request.input, output }, context);
    return { fill: { request, signature, output, charge, receipt, prover: by }, proof };
  };
  /** Another prover is faster. */
  const settleElsewhere = async (one: Job): Promise<Hex> => {
    const other = account(4).address;
    const { fill, proof } = await proven(one, other);
    return escrow.write.settle([[fill], proof], { account: other });
  };
  return {
    ...models,
    client,
    fundsLeft,
    sign,
    proven,
    settleElsewhere,
    funds: FUNDS,
    url: node.url,
    deployment,
    escrow,
    token,
    test,
    /** For those who reorganise. */
    node: Object.assign(test, { getBlockNumber: () => client.getBlockNumber({ cacheTime: 0 }) }),
    verifier: verifier.address,
    agent,
    provider,
    prover,
    now,
    job,
    startSender: (rpc = node.url, index = 3) => startSenderOf(rpc, index),
    stop: async () => {
      await node.stop();
      await models.stop();
    },
  };
}

/** A sender for one of the accounts that have ether. */
async function startSenderOf(rpc: string, index: number) {
  const { privateKey } = account(index).getHdKey();
  if (privateKey === null) throw new RangeError(`account ${index} has no key`);
  const client = await connectChain({ rpc });
  return startSender({ client, rpc, privateKey: toHex(privateKey), confirmations: 1, pollMs: 20 });
}

export type World = Awaited<ReturnType<typeof startWorld>>;
