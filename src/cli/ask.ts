/** `assay ask`: buys one answer, within the limits of the config. */
import { parseArgs } from "node:util";

import { numberToHex, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { UnansweredError, type Answer } from "../client/ask.ts";
import { connect, type Connection } from "../client/connect.ts";
import type { Listing } from "../client/messages.ts";
import { findListing, type Trusted } from "../client/trust.ts";
import { encodeInput } from "../model/bundle/input.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { randomScalar } from "../model/field.ts";
import { parseManifest, type Manifest } from "../model/manifest/manifest.ts";
import { placeFor, type Keeping } from "./ask/keep.ts";
import { limitsFor } from "./ask/limits.ts";
import { takeRedress, waitFor } from "./ask/settle.ts";
import { ASK_USAGE } from "./ask/usage.ts";
import { answerJson, answerText, fateJson, fateText } from "./ask/words.ts";
import { dollarsText } from "./config/dollars.ts";
import { inputFrom } from "./model/input.ts";
import { addressOption } from "./options.ts";
import { startProgress } from "./progress.ts";
import type { ReceiptFile } from "./receipt/file.ts";
import { recordNear } from "./recorded.ts";
import { findPlace, PLACE_OPTIONS, type Place } from "./tab/place.ts";
import { keyOf } from "./tab/role.ts";
import { only, print, required, wholeNumber } from "./usage.ts";

const OPTIONS = {
  ...PLACE_OPTIONS,
  input: { type: "string" },
  field: { type: "string", multiple: true, default: [] as string[] },
  gateway: { type: "string" },
  provider: { type: "string" },
  verifier: { type: "string" },
  timeout: { type: "string" },
  price: { type: "string" },
  "top-up": { type: "string" },
  out: { type: "string" },
  wait: { type: "boolean", default: false },
  watch: { type: "boolean", default: false },
  keystore: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}

/** Where and how to ask. */
type Errand = {
  readonly place: Place;
  readonly connection: Connection;
  readonly account: ReturnType<typeof privateKeyToAccount>;
  readonly listing: Listing;
  readonly manifest: Manifest;
  readonly input: unknown;
  readonly keeping: Keeping | undefined;
};

/**
 * Runs `assay ask` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function askCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    print(ASK_USAGE);
    return;
  }
  const name = only(positionals, "a model");
  const input = await inputFrom(values);
  const place = await findPlace(values, process.env);
  const gateway = required("--gateway", values.gateway ?? place.config?.agent?.gateway);
  const limits = limitsFor(place.config, values);
  const trust = await trustFor(place, values);
  const account = privateKeyToAccount(await keyOf("agent", values.keystore, place.config));
  const keeping = values.out === undefined ? undefined : await placeFor(values.out);
  let connection: Connection | undefined;
  try {
    const confirmations = Math.max(1, place.config?.chain.confirmations ?? 1);
    connection = await connect(gateway, account, { client: place.client, limits, trust, confirmations, interval: 500 });
    const listing = findListing(await connection.models(), name, trust, place.chainId);
    const manifest = parseManifest(canonicalJson(listing.manifest));
    await buy({ place, connection, account, listing, manifest, input, keeping }, values);
  } finally {
    connection?.close();
    await keeping?.end();
  }
}

/** The deployment that is recorded here, and whom the options name. */
async function trustFor({ config, chainId, escrow }: Place, values: Values): Promise<Trusted> {
  const named = addressOption("--verifier", values.verifier);
  const verifier = named ?? (await recordNear(config, chainId))?.contracts.Groth16Verifier?.address;
  const provider = addressOption("--provider", values.provider);
  return {
    escrow,
    ...(verifier !== undefined && { verifiers: [verifier] }),
    ...(provider !== undefined && { provider }),
  };
}

async function buy(errand: Errand, { timeout, wait, watch, json, out }: Values): Promise<void> {
  const { place, connection, account, listing, manifest } = errand;
  const salt = numberToHex(manifest.input.visibility === "hidden" ? randomScalar() : 0n, { size: 32 });
  const seconds = timeout === undefined ? undefined : wholeNumber("--timeout", timeout);
  const progress = startProgress("Asking", 1);
  progress.note(`for ${manifest.name}`);
  const started = performance.now();
  const options = { salt, ...(seconds !== undefined && { timeout: seconds }) };
  const answer = await answered(connection, connection.ask(listing.id, errand.input, options)).catch(
    async (error: unknown) => {
      // What its provider signed is worth something, if it is false most of all.
      await keepEvidence(errand, salt, null);
      throw error;
    },
  );
  const milliseconds = Math.round(performance.now() - started);
  progress.end();
  await keepEvidence(errand, salt, answer.value);
  const told = { answer, listing, manifest, milliseconds, file: out };
  if (!json) print(answerText(told));
  const fate = wait || watch ? await waitFor(answer) : undefined;
  const taken =
    watch && fate?.state === "broken"
      ? await takeRedress({
          client: place.client,
          deployment: { chainId: place.chainId, escrow: place.escrow },
          account,
          book: connection.book,
        })
      : [];
  if (json) print(JSON.stringify({ ...answerJson(told), ...fateJson(fate, taken) }));
  else if (fate !== undefined) print(fateText(fate, taken));
  if (fate?.state === "broken") process.exitCode = 1;
}

const MORE_TRIES = 2;

/** A request that was signed is sent again until it is answered or refused: it is charged once. */
async function answered(connection: Connection, first: Promise<Answer>): Promise<Answer> {
  let sent = first;
  for (let tries = 0; ; tries++) {
    try {
      return await sent;
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error;
      if (tries === MORE_TRIES) throw new NoAnswerError(error);
      sent = connection.resume(error.order);
    }
  }
}

async function keepEvidence(errand: Errand, salt: Hex, value: Answer["value"] | null): Promise<void> {
  const { place, connection, manifest, input, keeping } = errand;
  const [evidence] = await connection.book.all();
  if (keeping === undefined || evidence === undefined) return;
  await keeping.keep({
    chainId: place.chainId,
    escrow: place.escrow,
    commitmentLog: connection.provider.commitmentLog,
    evidence,
    input: input as ReceiptFile["input"],
    fields: encodeInput(manifest.input.fields, input),
    salt,
    value: typeof value === "object" && value !== null ? [...value] : value,
    manifest,
    inclusion: null,
  });
}

/** A gateway stays silent about a request that it may have. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";

  constructor({ order, cause }: UnansweredError) {
    const { id, request } = order;
    const until = new Date(request.deadline * 1_000).toISOString();
    super(
      `The gateway does not answer, and may have your request ${id}: until ${until} it can still answer, and be paid up ` +
        `to ${dollarsText(request.price)} for that. Asking again is another request.`,
      { cause },
    );
  }
}
