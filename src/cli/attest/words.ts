/** What commands print of things that strangers named. */
import type { Measurement } from "../../enclave/measurement.ts";
import { isRealRoot } from "../../enclave/roots.ts";

const PLATFORMS = { nitro: "AWS Nitro Enclaves", tdx: "Intel TDX", sgx: "Intel SGX" } as const;

const ROOTS = {
  nitro: "AWS Nitro Enclaves Root G1",
  tdx: "Intel SGX Root CA",
  sgx: "Intel SGX Root CA",
} as const;

const PLATFORM_BY_NUMBER: readonly string[] = ["none", PLATFORMS.nitro, PLATFORMS.tdx, PLATFORMS.sgx];

export function platformText(platform: Measurement["platform"]): string {
  return PLATFORMS[platform];
}

export function platformOfNumber(number: number): string {
  return PLATFORM_BY_NUMBER[number] ?? `unknown (${number})`;
}

/** Who vouches for what the platform measured. */
export function rootText(measurement: Measurement): string {
  return isRealRoot(measurement)
    ? `${ROOTS[measurement.platform]}  ${measurement.root}`
    : `SIMULATED  ${measurement.root}`;
}

/** A stranger's words without what a terminal would take for orders, or for other words than were written. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "�");
}

export function durationText(seconds: number): string {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600), Math.floor(seconds / 60)];
  if (days > 1) return `${days} days`;
  if (hours > 1) return `${hours} hours`;
  return minutes > 1 ? `${minutes} minutes` : `${seconds} seconds`;
}

export function row(name: string, says: string): string {
  return `${name.padEnd(NAME_WIDTH)}${says}`;
}

const NAME_WIDTH = 13;

/** Pairs that belong to the row above. */
export function rows(pairs: Readonly<Record<string, string>>): string[] {
  return Object.entries(pairs).map(([name, says]) => row(`  ${name}`, says));
}
