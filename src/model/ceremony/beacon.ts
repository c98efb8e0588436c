import { describe } from "../../protocol/describe.ts";
import { checkOpen } from "./contribute.ts";
import { commitStep, openCeremony } from "./folder.ts";
import { isContributedTo } from "./key-file.ts";
import type { Contribution } from "./key-file.ts";
import { runJob } from "./step.ts";
import type { StepOptions } from "./step.ts";
import { NoContributionError } from "./verify.ts";

/** A public value that nobody knew before the last contribution, and how often it is hashed, as a power of two. */
export type Beacon = { readonly value: string; readonly iterations: number };

/** What snarkjs takes. Hashing 2^10 times is instant, and 2^40 takes weeks. */
export const MIN_ITERATIONS = 10;
export const MAX_ITERATIONS = 63;

/** A block's hash, or a round of a randomness beacon. Less could be tried out. */
const VALUE = /^(?:0x)?[0-9a-f]{64}$/i;

/** Closes a ceremony, so that no contributor, the last one included, chose the key that comes out. */
export async function closeWithBeacon(
  folder: string,
  { value, iterations }: Beacon,
  options: StepOptions = {},
): Promise<Contribution> {
  if (!VALUE.test(value)) throw new BadBeaconError("value", "32 bytes in hex", value);
  if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    throw new BadBeaconError("iterations", `a whole number from ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`, iterations);
  }
  const ceremony = await openCeremony(folder);
  checkOpen(ceremony.record);
  // It would close a key for good that is good for nothing.
  if (!isContributedTo(ceremony.record)) throw new NoContributionError();
  const record = await commitStep(ceremony, async (key) => {
    options.onStep?.("applying the beacon");
    const plain = value.toLowerCase().replace(/^0x/, "");
    const job = { kind: "beacon", from: ceremony.key, key, name: "beacon", value: plain, iterations } as const;
    await runJob(job, ceremony.record.domain, options, iterations);
  });
  return record.contributions.at(-1) as Contribution;
}

/** A beacon is not one. */
export class BadBeaconError extends Error {
  override readonly name = "BadBeaconError";
  readonly field: string;

  constructor(field: string, expected: string, given: unknown) {
    super(`The beacon's ${field} must be ${expected}, got ${describe(given)}.`);
    this.field = field;
  }
}
