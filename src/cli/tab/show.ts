/** `assay tab`: what is on a tab, or on all of an account's. */
import { getAbiItem } from "viem";
import type { Address } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { chainErrorOf } from "../../chain/rpc.ts";
import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { dollarsText } from "../config/dollars.ts";
import { print } from "../usage.ts";
import { balanceIn, findPlace, readTab, type Place, type TabState } from "./place.ts";
import { keyOf } from "./role.ts";
import type { TabValues } from "./values.ts";

type Shown = TabState & { readonly payerBalance: bigint; readonly providerBalance: bigint };

export async function showTabs(values: TabValues): Promise<void> {
  const place = await findPlace(values, process.env);
  const tabs = await Promise.all((await tabsOf(place, values)).map(async (pair) => lookAt(place, pair)));
  if (values.json) {
    print(JSON.stringify({ tabs: tabs.map(jsonOf) }));
    return;
  }
  print(tabs.length === 0 ? "There are no tabs of yours." : tabs.map(textOf).join("\n\n"));
}

type Pair = { readonly payer: Address; readonly provider: Address };

async function tabsOf(place: Place, values: TabValues): Promise<Pair[]> {
  const { payer, provider } = values;
  if (payer !== undefined && provider !== undefined) return [{ payer, provider }];
  const role = payer === undefined ? (values.as ?? "agent") : "provider";
  const me = privateKeyToAddress(await keyOf(role, values.keystore, place.config));
  if (payer !== undefined) return [{ payer, provider: me }];
  if (provider !== undefined) return [{ payer: me, provider }];
  return findTabs(place, role === "provider" ? { provider: me } : { payer: me });
}

/** All tabs that anybody ever put money on, by the escrow's events. */
async function findTabs({ client, escrow, since, rpc }: Place, args: Partial<Pair>): Promise<Pair[]> {
  const events = [getAbiItem({ abi: escrowAbi, name: "Funded" }), getAbiItem({ abi: escrowAbi, name: "Staked" })];
  const found = new Map<string, Pair>();
  for (const event of events) {
    const logs = await client
      .getLogs({ address: escrow, event, args, fromBlock: BigInt(since), strict: true })
      .catch((error: unknown) => {
        throw chainErrorOf(error, new URL(rpc).origin);
      });
    for (const { args: pair } of logs) found.set(pair.payer + pair.provider, pair);
  }
  return [...found.values()];
}

async function lookAt(place: Place, { payer, provider }: Pair): Promise<Shown> {
  const [tab, payerBalance, providerBalance] = await Promise.all([
    readTab(place, payer, provider),
    balanceIn(place, payer),
    balanceIn(place, provider),
  ]);
  return { ...tab, payerBalance, providerBalance };
}

function jsonOf({ payer, provider, funds, stake, exitAt, payerBalance, providerBalance }: Shown) {
  const amounts = { funds, stake, payerBalance, providerBalance };
  return {
    payer,
    provider,
    ...Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount.toString()])),
    exitAt: exitAt === 0 ? null : exitAt,
  };
}

function textOf({ payer, provider, funds, stake, exitAt, delay, payerBalance, providerBalance }: Shown): string {
  const exit =
    exitAt === 0 ? "not started" : `funds after ${timeText(exitAt)}, stake after ${timeText(exitAt + delay)}`;
  return [
    `payer     ${payer}, who can withdraw ${dollarsText(payerBalance)}`,
    `provider  ${provider}, who can withdraw ${dollarsText(providerBalance)}`,
    `funds     ${dollarsText(funds)}`,
    `stake     ${dollarsText(stake)}`,
    `exit      ${exit}`,
  ].join("\n");
}

/** A second of the chain, for people. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(".000", "");
}
