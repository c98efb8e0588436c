/** What a chain says of one provider's trade: read from the escrow's events and its state, and from nothing else. */
import { isAddress, type Address, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { erc20MetadataAbi } from "../../src/protocol/abi/erc20-metadata.ts";
import type { OutcomeKind } from "../../src/store/chain-state.ts";

export type LedgerEntry = {
  readonly id: Hex;
  readonly kind: OutcomeKind;
  readonly amount: bigint;
  readonly output: Hex | undefined;
  readonly block: number;
  readonly transaction: Hex;
};

export type LedgerTab = {
  readonly payer: Address;
  /** What the events make of it: put in, less what was paid from it and taken out. */
  readonly counted: bigint;
  readonly read: (
    block: bigint,
  ) => Promise<{ readonly funds: bigint; readonly stake: bigint; readonly exitAt: number }>;
};

export type Ledger = {
  readonly head: { readonly number: number; readonly timestamp: number };
  readonly entries: readonly LedgerEntry[];
  /** Those of the provider. */
  readonly tabs: readonly LedgerTab[];
  /** What the escrow holds, and what it owes, to all. */
  readonly held: bigint;
  readonly owed: bigint;
};

export type LedgerOptions = {
  readonly client: PublicClient;
  readonly escrow: Address;
  readonly token: Address;
  readonly provider: Address;
};

/** Reads the chain as it is now. */
export async function readLedger({ client, escrow, token, provider }: LedgerOptions): Promise<Ledger> {
  const contract = { address: escrow, abi: escrowAbi } as const;
  const { number, timestamp } = await client.getBlock();
  const events = await client.getContractEvents({ ...contract, fromBlock: 0n, toBlock: number, strict: true });
  const isOwn = (args: object): boolean => "provider" in args && args.provider === provider;
  const own = new Set<Hex>();
  const entries: LedgerEntry[] = [];
  const locks = new Map<Hex, bigint>();
  const tabs = new Map<Address, bigint>();
  const pairs = new Map<string, readonly [payer: Address, provider: Address]>();
  const people = new Set<Address>();
  const count = (payer: Address, amount: bigint): void => void tabs.set(payer, (tabs.get(payer) ?? 0n) + amount);

  for (const event of events) {
    const { eventName, args, blockNumber, transactionHash: transaction } = event;
    for (const value of Object.values(args)) if (typeof value === "string" && isAddress(value)) people.add(value);
    if ("payer" in args && "provider" in args) pairs.set(`${args.payer} ${args.provider}`, [args.payer, args.provider]);
    const enter = (id: Hex, kind: OutcomeKind, amount: bigint, output?: Hex): void => {
      if (isOwn(args)) own.add(id);
      if (own.has(id)) entries.push({ id, kind, amount, output, block: Number(blockNumber), transaction });
    };
    switch (eventName) {
      case "Opened":
        locks.set(event.args.id, event.args.price);
        enter(event.args.id, "opened", event.args.price);
        break;
      case "Reclaimed":
        enter(event.args.id, "reclaimed", event.args.amount);
        locks.delete(event.args.id);
        break;
      case "Settled": {
        const { id, payer, charge, output } = event.args;
        enter(id, "settled", charge, output);
        if (!locks.delete(id) && isOwn(args)) count(payer, -charge);
        break;
      }
      case "Penalised":
        enter(event.args.id, "penalised", event.args.amount);
        break;
      case "Funded":
        if (isOwn(args)) count(event.args.payer, event.args.amount);
        break;
      case "Exited":
        if (isOwn(args) && event.args.party === event.args.payer) count(event.args.payer, -event.args.amount);
        break;
      default:
        break;
    }
  }

  const tabOf = (parties: readonly [Address, Address], blockNumber: bigint) =>
    client.readContract({ ...contract, functionName: "tabOf", args: parties, blockNumber });
  let owed = [...locks.values()].reduce((sum, price) => sum + price, 0n);
  for (const parties of pairs.values()) {
    const { funds, stake } = await tabOf(parties, number);
    owed += funds + stake;
  }
  people.add(await client.readContract({ ...contract, functionName: "FEE_RECIPIENT" }));
  for (const who of people) {
    owed += await client.readContract({ ...contract, functionName: "balanceOf", args: [who], blockNumber: number });
  }
  return {
    head: { number: Number(number), timestamp: Number(timestamp) },
    entries,
    tabs: [...tabs].map(([payer, counted]) => ({
      payer,
      counted,
      read: async (block) => tabOf([payer, provider], block),
    })),
    held: await client.readContract({
      address: token,
      abi: erc20MetadataAbi,
      functionName: "balanceOf",
      args: [escrow],
      blockNumber: number,
    }),
    owed,
  };
}
