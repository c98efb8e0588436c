/** The models of the config: whether they are what they say, can be proven on this chain, and pay for themselves. */
import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import { isPublished } from "../../chain/published.ts";
import { openModel, type OpenModel } from "../../model/bundle/open.ts";
import { verifyModel } from "../../model/bundle/verify.ts";
import { Phase1MissingError } from "../../model/ceremony/verify.ts";
import { look, UncheckedError, type Check } from "../checks.ts";
import { dollarsText } from "../config/dollars.ts";
import type { Config, ProviderConfig } from "../config/schema.ts";
import type { Surroundings } from "./chain.ts";

export type ModelOptions = {
  readonly isQuick: boolean;
  readonly phase1: string | undefined;
  readonly onModel: (folder: string) => void;
};

/** Without a chain, what can be said without one. */
export async function checkModels(
  { provider, prover, chain }: Config,
  found: Surroundings | undefined,
  { isQuick, phase1, onModel }: ModelOptions,
): Promise<Check[]> {
  const checks: Check[] = [];
  const folders = new Set([...(provider?.models ?? []).map(({ folder }) => folder), ...(prover?.models ?? [])]);
  for (const folder of folders) {
    onModel(folder);
    let model: OpenModel | undefined;
    checks.push(
      await look("model", async () => {
        model = await openModel(folder);
        const { id, manifest, isDevelopment } = model;
        if (isDevelopment && chain.id !== LOCAL_CHAIN_ID) throw new DevelopmentModelError(folder, chain.id);
        const setup = isDevelopment ? "set up for development" : "set up by a ceremony";
        return `${manifest.name}, ${setup}\n${id}`;
      }),
    );
    if (model === undefined) continue;
    const { id } = model;
    if (!isQuick) {
      checks.push(
        await look("  its files", async () => {
          await verifyModel(folder, { id, phase1 }).catch((cause: unknown) => {
            throw cause instanceof Phase1MissingError
              ? new UncheckedError(`${cause.message} Give it with --phase1.`, { cause })
              : cause;
          });
          return "circuit, certificate and key were made again, and are the same";
        }),
      );
    }
    if (found !== undefined) checks.push(await look("  on chain", async () => publishedAt(found, id, folder)));
    const sale = provider?.models.find((each) => each.folder === folder);
    if (sale !== undefined) checks.push(saleOf(sale, provider, found?.feeBps ?? 0n));
  }
  return checks;
}

async function publishedAt({ client, record }: Surroundings, id: OpenModel["id"], folder: string): Promise<string> {
  const verifier = record.contracts.Groth16Verifier?.address;
  if (verifier === undefined) throw new NoVerifierError();
  if (!(await isPublished(client, verifier, id))) throw new NotPublishedError(folder, verifier);
  return `its key is at ${verifier}`;
}

/** Whether its price covers what is taken of it, and its penalty can be at stake. */
function saleOf(
  { price, proverFee, penalty }: ProviderConfig["models"][number],
  provider: ProviderConfig | undefined,
  feeBps: bigint,
): Check {
  const fee = (price * feeBps) / 10_000n;
  const left = price - proverFee - fee;
  const parts = `${dollarsText(price)}, of which ${dollarsText(proverFee)} go to the prover and ${dollarsText(fee)} to the escrow`;
  const name = "  its price";
  if (left < 0n) return { name, state: "failed", says: `${parts}: that is more than all of it. Raise the price.` };
  if (left === 0n) return { name, state: "warning", says: `${parts}: nothing is left for you.` };
  if (penalty > 0n && provider?.stake === undefined) {
    const says = `${parts}. Nobody is served until you stake ${dollarsText(penalty)} in a tab by hand: set provider.stake.`;
    return { name, state: "warning", says };
  }
  return { name, state: "ok", says: parts };
}

/** A model that somebody can forge is for sale where there is money. */
export class DevelopmentModelError extends Error {
  override readonly name = "DevelopmentModelError";

  constructor(folder: string, chainId: number) {
    super(
      `${folder} has a key for development, and chain ${chainId} is no local one: whoever knows its secret forges ` +
        "answers. Build it on the phase 1 of a public ceremony.",
    );
  }
}

/** There is no contract that could verify a proof. */
export class NoVerifierError extends Error {
  override readonly name = "NoVerifierError";

  constructor() {
    super('The deployment has no Groth16Verifier. Run "assay deploy" again with --phase1, then publish the models.');
  }
}

/** Nobody can settle a model's answers yet. */
export class NotPublishedError extends Error {
  override readonly name = "NotPublishedError";

  constructor(folder: string, verifier: string) {
    super(`Its key is not at ${verifier}. Run "assay model publish ${folder} --verifier ${verifier}".`);
  }
}
