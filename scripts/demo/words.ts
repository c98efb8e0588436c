/** Figures as people read them. */
import { formatUnits } from "viem";

export function dollars(amount: bigint): string {
  const [whole = "0", cents = ""] = formatUnits(amount, 6).split(".");
  return `$${whole}.${cents.padEnd(2, "0")}`;
}

export function gasText(gas: number): string {
  return `${gas.toLocaleString("en-US")} gas`;
}

export function millisecondsText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "";
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

export function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? "" : `${seconds.toFixed(1)} s`;
}

/** The beginning of a text that is too long for its column. */
export function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
