/** What the command line may say. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { MAX_FEE_BPS } from "../../protocol/limits.ts";
import { keyFromSnarkjs } from "../../protocol/snarkjs.ts";
import type { Attesters } from "../../deploy/attesters.ts";
import type { Phase1 } from "../../deploy/phase1.ts";
import type { Fee } from "../../deploy/settings.ts";
import { addressOption, rpcOption } from "../options.ts";
import { UsageError } from "../usage.ts";

export const USAGE = `Usage: assay deploy [options]
       npm run deploy -- [options]    the same in a clone, where it builds the contracts first

Deploys Assay on a chain, and records it in deployments/<chainId>.json. Doing so twice deploys nothing twice.

  --rpc URL                the chain's node (default: http://127.0.0.1:8545, as "npx hardhat node" starts it)
  --keystore FILE          the deploying account, in web3 secret storage; its password is in ASSAY_KEYSTORE_PASSWORD, or
                           asked for. Without a file, the private key is in ASSAY_PRIVATE_KEY. A local chain needs none.
  --token ADDRESS          the token of the escrow: 6 decimals and EIP-3009
                           (default: a test token on a local chain, and USDC on any other)
  --fee-bps N              the fee in hundredths of a percent of each charge, at most ${MAX_FEE_BPS} (default: none)
  --fee-recipient ADDRESS  who gets the fee
  --phase1 KEY.json        a verification key of snarkjs of any model on the phase 1 that the verifier shall be for
                           (default: the development phase 1 on a local chain, and no verifier on any other)
  --attesters A,B,...      who vouches for enclaves, for a verifier of their answers (default: none, and no such verifier)
  --threshold K            how many of them it takes to enrol an enclave's key, or to revoke it
  --new                    deploy again beside what is recorded, whose record is kept under another name
  --yes                    do not ask before deploying on a chain that is not local
  --out FOLDER             where records are (default: deployments)
  --json                   print only JSON
  --help                   print this`;

const OPTIONS = {
  rpc: { type: "string", default: "http://127.0.0.1:8545" },
  keystore: { type: "string" },
  token: { type: "string" },
  "fee-bps": { type: "string" },
  "fee-recipient": { type: "string" },
  phase1: { type: "string" },
  attesters: { type: "string" },
  threshold: { type: "string" },
  new: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  out: { type: "string", default: "deployments" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** The command line, understood. */
export type Command = Awaited<ReturnType<typeof parseCommand>>;

/** Reads the command line, and the file of `--phase1`. */
export async function parseCommand(args: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  return {
    rpc: rpcOption(values.rpc),
    keystore: values.keystore,
    token: addressOption("--token", values.token),
    fee: parseFee(values["fee-bps"], values["fee-recipient"]),
    phase1: values.phase1 === undefined ? undefined : await readPhase1(values.phase1),
    attesters: parseAttesters(values.attesters, values.threshold),
    recorded: values.new ? ("replace" as const) : ("keep" as const),
    isConfirmed: values.yes,
    folder: values.out,
    isJson: values.json,
    isHelp: values.help,
  };
}

function parseFee(bps: string | undefined, recipient: string | undefined): Fee | undefined {
  const address = addressOption("--fee-recipient", recipient);
  if (bps === undefined && address === undefined) return undefined;
  if (bps === undefined || address === undefined) {
    throw new UsageError("--fee-bps and --fee-recipient are given together or not at all.");
  }
  if (!/^\d{1,3}$/.test(bps) || BigInt(bps) === 0n || BigInt(bps) > MAX_FEE_BPS) {
    throw new UsageError(`--fee-bps takes a number from 1 to ${MAX_FEE_BPS}, got ${JSON.stringify(bps)}.`);
  }
  return { bps: BigInt(bps), recipient: address };
}

function parseAttesters(accounts: string | undefined, threshold: string | undefined): Attesters | undefined {
  if (accounts === undefined && threshold === undefined) return undefined;
  if (accounts === undefined || threshold === undefined) {
    throw new UsageError("--attesters and --threshold are given together or not at all.");
  }
  if (!/^\d{1,2}$/.test(threshold)) {
    throw new UsageError(`--threshold takes a number of attesters, got ${JSON.stringify(threshold)}.`);
  }
  const named = accounts.split(",").map((account) => addressOption("--attesters", account));
  return { accounts: named.filter((account) => account !== undefined), threshold: Number(threshold) };
}

async function readPhase1(file: string): Promise<Phase1> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new UsageError(`--phase1 takes a JSON file, and ${file} cannot be read as one.`, { cause });
  }
  return keyFromSnarkjs(json);
}
