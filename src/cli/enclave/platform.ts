/** The platform that a config names, and what it measures. */
import { randomBytes } from "node:crypto";

import { bytesToHex } from "viem";

import type { Attested } from "../../enclave/evidence.ts";
import { verifyDcap } from "../../enclave/dcap.ts";
import { verifyNitro } from "../../enclave/nitro.ts";
import { dstackPlatform } from "../../inside/platform/dstack-socket.ts";
import { nitroPlatform } from "../../inside/platform/nitro-sidecar.ts";
import type { Platform } from "../../inside/platform/platform.ts";
import type { PlatformConfig } from "./config.ts";

export function platformOf(config: PlatformConfig): Platform {
  if (config.platform === "nitro") return nitroPlatform(config);
  return dstackPlatform(config);
}

/** What this enclave measures, by a document that is of no other use. */
export async function measure(config: PlatformConfig): Promise<Attested> {
  const { document, collateral } = await platformOf(config).attest(
    bytesToHex(randomBytes(32)),
    bytesToHex(randomBytes(32)),
  );
  const { simulatedRoot } = config;
  const simulatedRoots = simulatedRoot === undefined ? [] : [simulatedRoot];
  const anchors = { simulatedRoots, now: Math.floor(Date.now() / 1000) };
  return collateral === undefined ? verifyNitro(document, anchors) : verifyDcap(document, collateral, anchors);
}
