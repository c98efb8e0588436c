/** Money as people write it: decimal dollars, turned into token units exactly. */
import { formatUnits, parseUnits } from "viem";

import { TOKEN_DECIMALS } from "../../deploy/token.ts";
import { UsageError } from "../usage.ts";

/** Within what the contracts can count, give or take a digit. */
export const DOLLARS = /^(0|[1-9]\d{0,22})(\.\d{1,6})?$/;

/** What an amount has to look like. */
export const DOLLARS_EXPECTED = 'dollars as text with at most six decimals, such as "0.05"';

/** The token units of an amount that matches `DOLLARS`. */
export function unitsOf(dollars: string): bigint {
  return parseUnits(dollars, TOKEN_DECIMALS);
}

/** An amount for people, such as "$0.05". */
export function dollarsText(units: bigint): string {
  const [whole = "0", fraction = ""] = formatUnits(units, TOKEN_DECIMALS).split(".");
  return `$${whole}.${fraction.padEnd(2, "0")}`;
}

/** The amount that an option gives, which must be more than nothing. */
export function amountOption(option: string, text: string): bigint {
  if (!DOLLARS.test(text) || unitsOf(text) === 0n) {
    throw new UsageError(`${option} takes dollars above zero, such as 20 or 0.05, got ${JSON.stringify(text)}.`);
  }
  return unitsOf(text);
}
