/** How long it takes to verify what enclaves show, up to a root that is pinned: the same formats as of real platforms. */
import { collateralSchema } from "../../../src/enclave/evidence.ts";
import { verifyDcap } from "../../../src/enclave/dcap.ts";
import { verifyNitro } from "../../../src/enclave/nitro.ts";
import { simulateNitro } from "../../../simulator/nitro.ts";
import { simulateTdx } from "../../../simulator/tdx.ts";
import { quantile } from "../gateway/load.ts";

const RUNS = 40;
const WARM_UP = 10;
const NONCE = new Uint8Array(32).fill(7);
const REPORT_DATA = new Uint8Array(64).fill(7);

/** Of a Nitro document with its five certificates; milliseconds of the median run. */
export async function timeNitro(): Promise<number> {
  const { root, attest } = simulateNitro();
  const document = attest({ userData: NONCE, nonce: NONCE });
  return median(async () => verifyNitro(document, { simulatedRoots: [root], now: now() }));
}

/** Of a TDX quote with its collateral. */
export async function timeTdx(): Promise<number> {
  const { root, quote, collateral } = simulateTdx();
  const made = quote(REPORT_DATA);
  const read = collateralSchema.parse(collateral());
  return median(async () => verifyDcap(made, read, { simulatedRoots: [root], now: now() }));
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < WARM_UP + RUNS; index++) {
    const started = performance.now();
    await run();
    if (index >= WARM_UP) times.push(performance.now() - started);
  }
  return quantile(
    times.sort((one, other) => one - other),
    0.5,
  );
}
