/** `assay tab exit`: takes a party's money out of a tab, in two steps with a day between. */
import { encodeFunctionData } from "viem";
import type { Address } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { dollarsText } from "../config/dollars.ts";
import { print, UsageError } from "../usage.ts";
import { balanceIn, findPlace, readTab, type TabState } from "./place.ts";
import { keyOf } from "./role.ts";
import { timeText } from "./show.ts";
import { carryOut, sentJson, sentLine } from "./transact.ts";
import type { TabValues } from "./values.ts";

/** One party's view of a tab. */
type Side = {
  readonly tab: TabState;
  readonly name: "funds" | "stake";
  readonly amount: bigint;
  readonly last: number;
};

export async function exitTab(values: TabValues): Promise<void> {
  const { payer, provider } = values;
  if ((payer === undefined) === (provider === undefined)) {
    throw new UsageError(
      "exit takes the other party: --provider if you are the payer, --payer if you are the provider.",
    );
  }
  const place = await findPlace(values, process.env);
  const privateKey = await keyOf(payer === undefined ? "agent" : "provider", values.keystore, place.config);
  const me = privateKeyToAddress(privateKey);
  const side = sideOf(await readTab(place, payer ?? me, provider ?? me), provider !== undefined);
  const step = stepOf(side);
  const question = `${step === "startExit" ? "Start the exit" : `Take the ${side.name}`} of ${words(side)}, on chain ${place.chainId}?`;
  const call = { to: place.escrow, data: dataOf(step, side.tab), what: `leave the tab of ${side.tab.payer}` };
  const sent = await carryOut(place, { privateKey, calls: [call], question }, values);

  const { exitAt, delay } = await readTab(place, side.tab.payer, side.tab.provider);
  const balance = await balanceIn(place, me);
  const last = side.name === "funds" ? exitAt : exitAt + delay;
  const text =
    step === "startExit"
      ? `The exit has started. Run this again after ${timeText(last)} to take the ${side.name}.`
      : `Took the ${side.name}, ${dollarsText(side.amount)}. "assay tab withdraw" pays out your balance of ${dollarsText(balance)}.`;
  const json = { step, after: step === "startExit" ? last : null, balance: balance.toString(), ...sentJson(sent) };
  print(values.json ? JSON.stringify(json) : `${text}\n${sentLine(sent)}`);
}

function sideOf(tab: TabState, isPayer: boolean): Side {
  return isPayer
    ? { tab, name: "funds", amount: tab.funds, last: tab.exitAt }
    : { tab, name: "stake", amount: tab.stake, last: tab.exitAt + tab.delay };
}

/** What comes next. A provider's exit without any stake still has a use: it stops the clock. */
function stepOf(side: Side): "startExit" | "exit" {
  const { tab, name, amount, last } = side;
  if (amount === 0n && (tab.exitAt === 0 || name === "funds")) throw new NothingToTakeError(name, words(side));
  if (tab.exitAt === 0) return "startExit";
  if (tab.now <= last) throw new TooEarlyError(name, last);
  return "exit";
}

function dataOf(functionName: "startExit" | "exit", { payer, provider }: TabState) {
  return encodeFunctionData({ abi: escrowAbi, functionName, args: [payer, provider] satisfies [Address, Address] });
}

function words({ tab: { payer, provider }, name, amount }: Side): string {
  return `the tab of ${payer} with ${provider}, whose ${name} ${name === "funds" ? "are" : "is"} ${dollarsText(amount)}`;
}

/** There is nothing of this party's in a tab. */
export class NothingToTakeError extends Error {
  override readonly name = "NothingToTakeError";

  constructor(what: "funds" | "stake", tab: string) {
    super(`There is no ${what} to take from ${tab}. Check the addresses.`);
  }
}

/** The clock of an exit is still running. */
export class TooEarlyError extends Error {
  override readonly name = "TooEarlyError";
  /** The last second at which it is too early. */
  readonly last: number;

  constructor(what: "funds" | "stake", last: number) {
    super(`The exit has started, and the ${what} can be taken after ${timeText(last)}. Run this again then.`);
    this.last = last;
  }
}
