/** The platforms' own roots, by the SHA-256 of their certificates in DER. */
import type { Hex } from "viem";

export const REAL_ROOTS = {
  /** AWS Nitro Enclaves, root G1. */
  nitro: "0x641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b",
  /** Intel SGX Root CA, which vouches for TDX as well. */
  dcap: "0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
} as const satisfies Record<string, Hex>;

/** Whether a platform's own root vouches for a measurement; all others are of simulators. */
export function isRealRoot({
  platform,
  root,
}: {
  readonly platform: "nitro" | "tdx" | "sgx";
  readonly root: Hex;
}): boolean {
  return root === (platform === "nitro" ? REAL_ROOTS.nitro : REAL_ROOTS.dcap);
}
