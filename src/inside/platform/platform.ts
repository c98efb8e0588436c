/** What attests the code that runs here: the platform's own service beside this program. */
import type { Hex } from "viem";

import type { Collateral } from "../../enclave/evidence.ts";

/** A platform's document, with what verifies it where that is not inside. */
export type Attestation = { readonly document: Uint8Array; readonly collateral?: Collateral };

export type Platform = {
  readonly name: "nitro" | "tdx";
  /** Has a document made over the hash of a statement and of a recent block; it holds both, or there is none. */
  readonly attest: (statement: Hex, blockHash: Hex) => Promise<Attestation>;
};
