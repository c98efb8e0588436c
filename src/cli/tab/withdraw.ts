/** `assay tab withdraw`: pays out what an account has earned, or took out of its tabs. */
import { encodeFunctionData } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { dollarsText } from "../config/dollars.ts";
import { print } from "../usage.ts";
import { balanceIn, findPlace } from "./place.ts";
import { keyOf } from "./role.ts";
import { carryOut, sentJson, sentLine } from "./transact.ts";
import type { TabValues } from "./values.ts";

export async function withdraw(values: TabValues): Promise<void> {
  const place = await findPlace(values, process.env);
  const privateKey = await keyOf(values.as ?? "agent", values.keystore, place.config);
  const me = privateKeyToAddress(privateKey);
  const balance = await balanceIn(place, me);
  const { to = me, amount = balance } = values;
  if (balance === 0n || amount > balance) throw new BalanceTooSmallError(me, balance, amount);
  const data = encodeFunctionData({ abi: escrowAbi, functionName: "withdraw", args: [to, amount] });
  const what = `withdraw ${dollarsText(amount)}`;
  const question = `Pay ${dollarsText(amount)} of the balance of ${me} to ${to}, on chain ${place.chainId}?`;
  const sent = await carryOut(place, { privateKey, calls: [{ to: place.escrow, data, what }], question }, values);
  const left = await balanceIn(place, me);
  const json = { to, amount: amount.toString(), balance: left.toString(), ...sentJson(sent) };
  const text = `Paid ${dollarsText(amount)} to ${to}. The balance of ${me} is ${dollarsText(left)}.`;
  print(values.json ? JSON.stringify(json) : `${text}\n${sentLine(sent)}`);
}

/** An account has less in the escrow than it wants to be paid. */
export class BalanceTooSmallError extends Error {
  override readonly name = "BalanceTooSmallError";

  constructor(account: string, balance: bigint, amount: bigint) {
    super(
      balance === 0n
        ? `${account} has nothing to withdraw. What is on a tab has to leave it first, by "assay tab exit".`
        : `${account} can withdraw ${dollarsText(balance)}, and no ${dollarsText(amount)}. Name a smaller amount.`,
    );
  }
}
