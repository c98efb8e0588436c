/** Who will vouch for enclaves, for as long as the verifier of their answers is used. */
import { getAddress, zeroAddress } from "viem";
import type { Address } from "viem";

/** As the contract has it. */
const MOST_ATTESTERS = 16;

/** The accounts that may enrol enclaves' keys, and how many of them it takes. */
export type Attesters = { readonly accounts: readonly Address[]; readonly threshold: number };

/** The attesters that were asked for, in the order that the contract wants; undefined where none were. */
export function chooseAttesters(asked: Attesters | undefined): Attesters | undefined {
  if (asked === undefined) return undefined;
  const accounts = asked.accounts.map((account) => getAddress(account)).sort(byValue);
  const { threshold } = asked;
  if (accounts.length > MOST_ATTESTERS) throw new BadAttestersError(`there are ${accounts.length}`);
  if (accounts.includes(zeroAddress)) throw new BadAttestersError("zero is among them");
  const repeated = accounts.find((account, index) => account === accounts[index + 1]);
  if (repeated !== undefined) throw new BadAttestersError(`${repeated} is there twice`);
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > accounts.length) {
    throw new BadAttestersError(`it would take ${threshold} of ${accounts.length}`);
  }
  return { accounts, threshold };
}

function byValue(one: Address, other: Address): number {
  return BigInt(one) < BigInt(other) ? -1 : 1;
}

/** No verifier can have these attesters. */
export class BadAttestersError extends Error {
  override readonly name = "BadAttestersError";
  readonly reason: string;

  constructor(reason: string) {
    super(
      `Attesters must be 1 to ${MOST_ATTESTERS} different accounts, of whom it takes at least one and at most all, ` +
        `and ${reason}. Give others, or another threshold.`,
    );
    this.reason = reason;
  }
}
