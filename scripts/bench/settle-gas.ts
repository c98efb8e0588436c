import { encodeFunctionData, sliceHex } from "viem";
import type { Hex } from "viem";

import { claimOf } from "../../src/protocol/fill.ts";
import type { Answered } from "../local/market.ts";
import { proveAll } from "../local/market.ts";
import { settleFloor, verifyFloor } from "./floor.ts";
import type { StorageState } from "./floor.ts";
import { gasRow } from "./gas-row.ts";
import type { GasRow } from "./gas-row.ts";
import { calldataGas } from "./world.ts";
import type { World } from "./world.ts";

const PROOF_BYTES = 256;
const TRANSACTION_GAS = 21_000;
/** The cap that a block, and since EIP-7825 a transaction, sets. */
const GAS_LIMIT = 16_000_000n;

/** What `settle` is measured on. */
export type Batch = {
  readonly funding: "tab" | "lock";
  readonly models: number;
  /** Dense nonces share a word of storage; random ones fill one each. */
  readonly nonces: "dense" | "random";
};

/** Answers with their proofs, one after the other. */
export type ProvenBatch = { readonly answers: readonly Answered[]; readonly proofs: Hex };

/** Makes the largest batch once; the smaller ones are its beginnings. */
export async function proveBatch(world: World, batch: Batch, size: number, onProof: () => void): Promise<ProvenBatch> {
  const answers: Answered[] = [];
  // A lock's nonce only has to differ from those of other batches on this chain.
  const first = batch.nonces === "dense" ? 1n : 2n ** 200n;
  const stride = batch.nonces === "dense" ? 1n : 2n ** 100n;
  for (let index = 0; index < size; index++) {
    const nonce = first + BigInt(index) * stride;
    answers.push(await world.ask(index, nonce, batch.funding === "lock", batch.models));
  }
  return { answers, proofs: await proveAll(answers, onProof) };
}

const beginning = ({ answers, proofs }: ProvenBatch, n: number) =>
  [answers.slice(0, n).map(({ fill }) => fill), sliceHex(proofs, 0, n * PROOF_BYTES)] as const;

/** Measures `settle` for one kind of batch at all sizes. */
export async function settleGas(
  world: World,
  { funding, models }: Batch,
  proven: ProvenBatch,
  states: readonly StorageState[],
  sizes: readonly number[],
): Promise<GasRow[]> {
  const { escrow, agent, provider, gasOf, undone } = world;
  const rows: GasRow[] = [];
  for (const state of states) {
    for (const n of sizes) {
      const gas = await undone(async () => {
        await escrow.write.fund([agent.address, provider.address, 10n ** 9n]);
        if (state === "warm") await settleOne(world);
        const [fills, proof] = beginning(proven, n);
        if (funding === "lock") for (const { request } of fills) await escrow.write.open([request]);
        return gasOf(escrow.write.settle([fills, proof], { account: world.prover.address, gas: GAS_LIMIT }));
      });
      rows.push(gasRow({ call: "settle", funding, state, n, models, gas }, settleFloor(n, models, funding, state)));
    }
  }
  return rows;
}

/** Settles nonce 0 of the tab: afterwards its word of nonces is in use, and provider and prover have a balance. */
async function settleOne(world: World): Promise<void> {
  const first = await world.ask(0, 0n, false, 1);
  firstProof.set(world, firstProof.get(world) ?? first.proof());
  const proof = await (firstProof.get(world) as Promise<Hex>);
  await world.escrow.write.settle([[first.fill], proof], { account: world.prover.address, gas: GAS_LIMIT });
}

/** The same proof serves every time that a chain is set back. */
const firstProof = new WeakMap<World, Promise<Hex>>();

/** Measures the verifier's execution alone, as a transaction to it less what the transaction itself costs. */
export async function verifyGas(
  world: World,
  models: number,
  proven: ProvenBatch,
  sizes: readonly number[],
): Promise<GasRow[]> {
  const rows: GasRow[] = [];
  for (const n of sizes) {
    const [fills, proof] = beginning(proven, n);
    const claims = fills.map((fill) => claimOf(fill, world.deployment));
    const { abi, address } = world.verifier;
    const data = encodeFunctionData({ abi, functionName: "verify", args: [claims, proof] });
    const [wallet] = world.wallets;
    if (wallet === undefined) throw new NoWalletError();
    const total = await world.gasOf(wallet.sendTransaction({ to: address, data, gas: GAS_LIMIT }));
    const gas = total - TRANSACTION_GAS - calldataGas(data);
    rows.push(gasRow({ call: "verify", funding: null, state: "cold", n, models, gas }, verifyFloor(n, models)));
  }
  return rows;
}

/** A development chain gives accounts; this one gave none. */
export class NoWalletError extends Error {
  override readonly name = "NoWalletError";
  constructor() {
    super("The chain offers no account to send from. Run against the chain that Hardhat starts.");
  }
}
