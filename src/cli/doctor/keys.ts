/** The keys of the config's roles, and whether there is money behind them. */
import { readFile } from "node:fs/promises";

import { formatEther, type Address } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { currentFees } from "../../chain/fees.ts";
import { erc20MetadataAbi } from "../../protocol/abi/erc20-metadata.ts";
import { parseKeystore } from "../../protocol/keystore-file.ts";
import { startGasGuess } from "../../prover/gas.ts";
import { look, type Check } from "../checks.ts";
import { DEFAULT_PROVER, type Config } from "../config/schema.ts";
import { dollarsText } from "../config/dollars.ts";
import { privateKeyOf, type Role } from "../secrets.ts";
import type { Surroundings } from "./chain.ts";

/** Of transactions: what a day of few settlements takes, and what is too little to begin with. */
const COMFORTABLE = 100n;
const LEAST = 3n;
/** Nobody pays more for gas than a sender does. */
const MOST_FEE = 200_000_000_000n;
/** Without settling: opening a vault, a stake, a slash. */
const PLAIN_GAS = 150_000n;

/** Checks each role that the config has. */
export async function checkKeys(
  config: Config,
  found: Surroundings | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly checks: Check[]; readonly provider: Address | undefined }> {
  const checks: Check[] = [];
  const holders = new Map<Role, Address>();
  for (const role of rolesIn(config)) {
    checks.push(
      await look(`${role}'s key`, async () => {
        const address = await addressOf(role, config[role]?.keystore, environment);
        const other = [...holders].find(([, holder]) => holder === address);
        holders.set(role, address);
        if (other === undefined) return address;
        const says = `${address} is the ${other[0]}'s as well. Give each a key of its own: their transactions get into each other's way.`;
        return { state: "warning", says };
      }),
    );
    const address = holders.get(role);
    if (address === undefined || found === undefined) continue;
    checks.push(await look("  its gas", async () => gasOf(role, address, config, found)));
    if (role === "prover" || role === "attester") continue;
    checks.push(await look("  its dollars", async () => dollarsOf(role, address, config, found)));
  }
  return { checks, provider: holders.get("provider") };
}

/** A gateway's own provers settle with its key unless they have another. */
function rolesIn({ provider, prover, agent, attester }: Config): Role[] {
  const isProver = prover !== undefined && (provider === undefined || prover.keystore !== undefined);
  return [
    ...(provider === undefined ? [] : (["provider"] as const)),
    ...(isProver ? (["prover"] as const) : []),
    ...(agent === undefined ? [] : (["agent"] as const)),
    ...(attester === undefined ? [] : (["attester"] as const)),
  ];
}

/** Nobody is asked for a password: a key file may say whose key it has. */
async function addressOf(role: Role, keystore: string | undefined, environment: NodeJS.ProcessEnv): Promise<Address> {
  const passwords = [
    environment[`ASSAY_${role.toUpperCase()}_KEYSTORE_PASSWORD`],
    environment["ASSAY_KEYSTORE_PASSWORD"],
  ];
  if (keystore === undefined || passwords.some((each) => each !== undefined && each !== "")) {
    return privateKeyToAddress(await privateKeyOf(role, keystore, environment));
  }
  const { address } = parseKeystore(await readFile(keystore, "utf8"));
  if (address === undefined) throw new UnnamedKeyError(role, keystore);
  return address;
}

async function gasOf(
  role: Role,
  address: Address,
  { prover = DEFAULT_PROVER }: Config,
  { client }: Surroundings,
): Promise<Omit<Check, "name">> {
  const [held, { maxFeePerGas }] = await Promise.all([client.getBalance({ address }), currentFees(client, MOST_FEE)]);
  const settles = role === "provider" || role === "prover";
  const gas = settles ? startGasGuess().of({ inferences: prover.batchSize, callbacks: 0 }) : PLAIN_GAS;
  const price = gas * (maxFeePerGas === 0n ? 1n : maxFeePerGas);
  const enough = held / price;
  const what = settles ? `settlements of ${prover.batchSize} answers` : "transactions";
  const count = enough > COMFORTABLE ? `more than ${COMFORTABLE}` : `${enough}`;
  const says = `${formatEther(held)} of the chain's coin, enough for ${count} ${what}`;
  if (enough >= COMFORTABLE) return { state: "ok", says };
  // An agent only needs it to act on a broken promise, and what an attester signs anybody may submit.
  const state = enough >= LEAST || !settles ? "warning" : "failed";
  return { state, says: `${says}. Send some to ${address}.` };
}

async function dollarsOf(
  role: "provider" | "agent",
  address: Address,
  { provider, agent }: Config,
  { client, record }: Surroundings,
): Promise<Omit<Check, "name">> {
  const contract = { address: record.token, abi: erc20MetadataAbi } as const;
  const args = [address, record.contracts.Escrow.address] as const;
  const [held, allowed] = await Promise.all([
    client.readContract({ ...contract, functionName: "balanceOf", args: [address] }),
    client.readContract({ ...contract, functionName: "allowance", args }),
  ]);
  const says = `${dollarsText(held)} in its wallet`;
  if (role === "agent") {
    const wanted = agent?.limits.topUp.amount ?? 0n;
    if (held >= wanted) return { state: "ok", says };
    return { state: "warning", says: `${says}, and a top-up takes ${dollarsText(wanted)}. Send it some.` };
  }
  const stake = provider?.stake;
  if (stake === undefined) return { state: "ok", says: `${says}; it stakes nothing by itself` };
  if (held < stake.perTab) {
    return {
      state: "warning",
      says: `${says}, and a new tab takes a stake of ${dollarsText(stake.perTab)}. Send it some.`,
    };
  }
  const allowing =
    allowed >= stake.total
      ? ""
      : `, of which the escrow may take ${dollarsText(allowed)} until the gateway allows it more`;
  return { state: "ok", says: `${says} for stakes of ${dollarsText(stake.total)} in all${allowing}` };
}

/** A key file does not say whose key is in it. */
export class UnnamedKeyError extends Error {
  override readonly name = "UnnamedKeyError";

  constructor(role: Role, file: string) {
    super(
      `${file} does not say whose key it has. Set ASSAY_${role.toUpperCase()}_KEYSTORE_PASSWORD, so that it can be ` +
        "opened.",
    );
  }
}
