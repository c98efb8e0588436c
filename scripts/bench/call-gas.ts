import { keccak256, toHex, zeroHash } from "viem";
import type { Hex } from "viem";

import { fundingNonce, receiveTypedDataOf, transferTypedDataOf } from "../../src/protocol/authorization.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { fromHex } from "../../src/protocol/signature.ts";
import { vaultOf } from "../../src/protocol/vault.ts";
import { FLOORS } from "./floor.ts";
import type { StorageState } from "./floor.ts";
import { gasRow } from "./gas-row.ts";
import type { GasRow } from "./gas-row.ts";
import type { World } from "./world.ts";

const AMOUNT = 10n ** 8n;
const EXIT_DELAY = 86_400;
const FOREVER = 2n ** 48n;

type Measurement = (world: World) => Promise<number>;
type Call = keyof typeof FLOORS;

/**
 * Measures every call but `settle`: cold, where nothing of its kind has happened before, and warm, where each account
 * that it touches holds something already.
 */
export async function callGas(world: World): Promise<GasRow[]> {
  const rows: GasRow[] = [];
  const put = (call: Call, funding: GasRow["funding"], state: StorageState, gas: number): void => {
    rows.push(gasRow({ call, funding, state, n: 1, models: 1, gas }, FLOORS[call](state)));
  };
  put("publish", null, "cold", world.publishGas);
  for (const state of ["cold", "warm"] as const) {
    for (const [call, funding, measure] of MEASUREMENTS) {
      const gas = await world.undone(async () => {
        if (state === "warm") await warmUp(world);
        return measure(world);
      });
      put(call, funding, state, gas);
    }
  }
  return rows;
}

/** Gives both parties a tab with money, and everyone a balance that is not zero. */
async function warmUp(world: World): Promise<void> {
  const { escrow, token, agent, provider, prover } = world;
  await escrow.write.fund([agent.address, provider.address, AMOUNT]);
  await escrow.write.stake([agent.address, AMOUNT], { account: provider.address });
  await token.write.mint([prover.address, AMOUNT]);
  await contradictOne(world, 999n);
}

const fund: Measurement = ({ escrow, agent, provider, gasOf }) =>
  gasOf(escrow.write.fund([agent.address, provider.address, AMOUNT]));

const fundWithAuthorization: Measurement = async ({ escrow, token, deployment, agent, provider, prover, gasOf }) => {
  const salt = keccak256("0x01");
  const message = { from: agent.address, to: escrow.address, value: AMOUNT, validAfter: 0n, validBefore: FOREVER };
  const nonce = fundingNonce(provider.address, salt);
  const domain = domainOf(token.address, deployment.chainId);
  const signature = fromHex(await agent.signTypedData(receiveTypedDataOf({ ...message, nonce }, domain)));
  const args = [agent.address, provider.address, AMOUNT, 0n, FOREVER, salt, signature] as const;
  return gasOf(escrow.write.fundWithAuthorization(args, { account: prover.address }));
};

const stake: Measurement = ({ escrow, agent, provider, gasOf }) =>
  gasOf(escrow.write.stake([agent.address, AMOUNT], { account: provider.address }));

const open: Measurement = async (world) => {
  const { fill } = await world.ask(0, 1n, true, 1);
  return world.gasOf(world.escrow.write.open([fill.request]));
};

const openFromVault: Measurement = async (world) => {
  const { escrow, token, deployment, agent, prover, terms, gasOf } = world;
  const { fill, id } = await world.ask(0, 1n, true, 1);
  const authorization = {
    from: agent.address,
    to: vaultOf(id, escrow.address),
    value: terms.price,
    validAfter: 0n,
    validBefore: FOREVER,
    nonce: zeroHash,
  };
  const typedData = transferTypedDataOf(authorization, domainOf(token.address, deployment.chainId));
  const signature = fromHex(await agent.signTypedData(typedData));
  const args = [fill.request, { ...authorization, signature }] as const;
  return gasOf(escrow.write.openFromVault(args, { account: prover.address }));
};

const reclaim: Measurement = async (world) => {
  const { fill } = await world.ask(0, 1n, true, 1);
  await world.escrow.write.open([fill.request]);
  return world.gasOf(world.escrow.write.reclaim([fill.request], { account: world.provider.address }));
};

const slash: Measurement = async (world) => {
  const { escrow, agent, provider, terms, test, gasOf } = world;
  await escrow.write.fund([agent.address, provider.address, AMOUNT]);
  await escrow.write.stake([agent.address, AMOUNT], { account: provider.address });
  const { fill } = await world.ask(0, 1n, false, 1);
  await test.setNextBlockTimestamp({ timestamp: BigInt(terms.deadline) + 1n });
  return gasOf(escrow.write.slash([fill.request, fill.signature, fill.output, fill.charge, fill.receipt]));
};

const contradict: Measurement = async (world) => {
  await world.escrow.write.stake([world.agent.address, AMOUNT], { account: world.provider.address });
  return contradictOne(world, 1n);
};

/** The provider signs another answer to a request, and is penalised. */
async function contradictOne(world: World, nonce: bigint): Promise<number> {
  const { escrow, deployment, provider, gasOf } = world;
  const { fill, id } = await world.ask(0, nonce, false, 1);
  const other = { request: id, output: toHex(7n, { size: 32 }), charge: fill.charge };
  const receipt = await Receipt.sign(other, deployment, provider);
  const first = [fill.request, fill.output, fill.charge, fill.receipt] as const;
  return gasOf(escrow.write.contradict([...first, other.output, other.charge, receipt]));
}

const startExit: Measurement = ({ escrow, agent, provider, gasOf }) =>
  gasOf(escrow.write.startExit([agent.address, provider.address]));

const exit: Measurement = async (world) => {
  const { escrow, agent, provider, test, gasOf } = world;
  await fund(world);
  await startExit(world);
  await test.increaseTime({ seconds: EXIT_DELAY + 1 });
  return gasOf(escrow.write.exit([agent.address, provider.address]));
};

const withdraw: Measurement = async (world) => {
  await exit(world);
  // Part of the balance, so that none of its slots is emptied: a refund for that would flatter the figure.
  return world.gasOf(world.escrow.write.withdraw([world.prover.address, AMOUNT / 2n]));
};

const commit: Measurement = ({ commitmentLog, provider, gasOf }) =>
  gasOf(commitmentLog.write.commit([keccak256("0x02"), 1000], { account: provider.address }));

const MEASUREMENTS: readonly (readonly [Call, GasRow["funding"], Measurement])[] = [
  ["fund", "tab", fund],
  ["fundWithAuthorization", "tab", fundWithAuthorization],
  ["stake", "tab", stake],
  ["open", "lock", open],
  ["openFromVault", "lock", openFromVault],
  ["reclaim", "lock", reclaim],
  ["slash", "tab", slash],
  ["contradict", "tab", contradict],
  ["startExit", "tab", startExit],
  ["exit", "tab", exit],
  ["withdraw", null, withdraw],
  ["commit", null, commit],
];

function domainOf(token: Hex, chainId: number) {
  return { name: "USD Coin", version: "2", chainId, verifyingContract: token } as const;
}
