/** `assay tab stake`: a provider's money in a payer's tab, which a broken promise to that payer costs. */
import { encodeFunctionData } from "viem";
import type { Address } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import type { Call } from "../../chain/gas.ts";
import { erc20MetadataAbi } from "../../protocol/abi/erc20-metadata.ts";
import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { dollarsText } from "../config/dollars.ts";
import { print, required } from "../usage.ts";
import { checkWallet, findPlace, readTab, type Place } from "./place.ts";
import { keyOf } from "./role.ts";
import { carryOut, sentJson, sentLine } from "./transact.ts";
import type { TabValues } from "./values.ts";

export async function stake(values: TabValues): Promise<void> {
  const payer = required("--payer", values.payer);
  const amount = required("--amount", values.amount);
  const place = await findPlace(values, process.env);
  const privateKey = await keyOf("provider", values.keystore, place.config);
  const me = privateKeyToAddress(privateKey);
  await checkWallet(place, me, amount);
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "stake", args: [payer, amount] });
  const call: Call = { to: place.escrow, data, what: `stake ${dollarsText(amount)}` };
  const calls: [Call, ...Call[]] = (await isAllowed(place, me, amount)) ? [call] : [allowance(place, amount), call];
  const question = `Stake ${dollarsText(amount)} of ${me} in the tab of ${payer}, on chain ${place.chainId}?`;
  const sent = await carryOut(place, { privateKey, calls, question }, values);
  const tab = await readTab(place, payer, me);
  const json = { payer, provider: me, amount: amount.toString(), stake: tab.stake.toString(), ...sentJson(sent) };
  const text = `Staked ${dollarsText(amount)} in the tab of ${payer}, which makes ${dollarsText(tab.stake)}.`;
  print(values.json ? JSON.stringify(json) : `${text}\n${sentLine(sent)}`);
}

async function isAllowed({ client, token, escrow }: Place, owner: Address, amount: bigint): Promise<boolean> {
  const contract = { address: token, abi: erc20MetadataAbi } as const;
  return (await client.readContract({ ...contract, functionName: "allowance", args: [owner, escrow] })) >= amount;
}

/** Lets the escrow take this much, and no more. */
function allowance({ token, escrow }: Place, amount: bigint): Call {
  const data = encodeFunctionData({ abi: erc20MetadataAbi, functionName: "approve", args: [escrow, amount] });
  return { to: token, data, what: `let the escrow take ${dollarsText(amount)}` };
}
