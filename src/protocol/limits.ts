/**
 * Seconds that a tab's funds stay after its exit was started; its stake stays twice as long, and no request that is
 * opened may have a deadline further away.
 *
 * @example
 * ```ts
 * import { EXIT_DELAY } from "assay/protocol/limits";
 *
 * console.log(EXIT_DELAY / 3_600); // 24
 * ```
 */
export const EXIT_DELAY = 86_400;

/**
 * The highest fee that an escrow can be deployed with, in hundredths of a percent of the charge.
 *
 * @example
 * ```ts
 * import { MAX_FEE_BPS } from "assay/protocol/limits";
 *
 * console.log(MAX_FEE_BPS / 100n, "%"); // 5n %
 * ```
 */
export const MAX_FEE_BPS = 500n;

/**
 * The gas that a request's consumer is called with.
 *
 * @example
 * ```ts
 * import { CALLBACK_GAS } from "assay/protocol/limits";
 *
 * console.log(CALLBACK_GAS); // 200000n
 * ```
 */
export const CALLBACK_GAS = 200_000n;

/**
 * The least gas that a reclaim leaves for the token; with less the call reverts.
 *
 * @example
 * ```ts
 * import { PUSH_GAS } from "assay/protocol/limits";
 *
 * console.log(PUSH_GAS); // 200000n
 * ```
 */
export const PUSH_GAS = 200_000n;
