/** What a transaction pays for gas, and how much more replaces it. */
import type { PublicClient } from "viem";

export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** What gas costs at present, with room for a base fee that doubles; never above the most that the caller pays. */
export async function currentFees(client: PublicClient, most: bigint): Promise<Fees> {
  const [{ baseFeePerGas }, tip] = await Promise.all([client.getBlock(), client.estimateMaxPriorityFeePerGas()]);
  const maxFeePerGas = least(2n * (baseFeePerGas ?? 0n) + tip, most);
  return { maxFeePerGas, maxPriorityFeePerGas: least(tip, maxFeePerGas) };
}

/**
 * Fees with which nodes let a transaction replace one of the same nonce: at least an eighth more of both, and no less
 * than what gas costs at present. Undefined when that is above the most that the caller pays.
 */
export function raised(fees: Fees, current: Fees, most: bigint): Fees | undefined {
  const floor = anEighthMore(fees.maxFeePerGas);
  if (floor > most) return undefined;
  const maxFeePerGas = least(greatest(floor, current.maxFeePerGas), most);
  const tip = greatest(anEighthMore(fees.maxPriorityFeePerGas), current.maxPriorityFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas: least(tip, maxFeePerGas) };
}

/** Rounded up, and at least one more: nodes compare, and equal is not more. */
function anEighthMore(fee: bigint): bigint {
  return fee + fee / 8n + 1n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
