import { concatHex, getContractAddress, getCreate2Address, keccak256, type Address, type Hex } from "viem";

/** The creation code of an ERC-1167 minimal clone, before and after the address of what it clones. */
const CLONE_HEAD = "0x3d602d80600a3d3981f3363d3d373d3d3d363d73";
const CLONE_TAIL = "0x5af43d82803e903d91602b57fd5bf3";

/**
 * The address of the code that all vaults of an escrow are clones of: the first contract that the escrow created.
 *
 * @example
 * ```ts
 * import { implementationOf } from "assay/protocol/vault";
 *
 * console.log(implementationOf("0x0000000000000000000000000000000000000005").length); // 42
 * ```
 */
export function implementationOf(escrow: Address): Address {
  return getContractAddress({ from: escrow, nonce: 1n });
}

/**
 * The vault of a locked request: whoever pays this address agrees to that request. It is known before anything is
 * deployed there.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { vaultOf } from "assay/protocol/vault";
 *
 * const payTo = vaultOf(zeroHash, "0x0000000000000000000000000000000000000005");
 * console.log(payTo.length); // 42
 * ```
 */
export function vaultOf(requestId: Hex, escrow: Address): Address {
  const bytecodeHash = keccak256(concatHex([CLONE_HEAD, implementationOf(escrow), CLONE_TAIL]));
  return getCreate2Address({ from: escrow, salt: requestId, bytecodeHash });
}
