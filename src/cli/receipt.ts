/** `assay receipt`: what an agent keeps of an answer, and what it is good for. */
import { parseArgs } from "node:util";

import { WrongChainError } from "../chain/rpc.ts";
import { writeAt } from "../model/files.ts";
import { stopThreads } from "../model/groth16.ts";
import { look, report, type Check } from "./checks.ts";
import { amountOption } from "./config/dollars.ts";
import { startProgress } from "./progress.ts";
import { askForInclusion } from "./receipt/commitment.ts";
import { formatReceipt, readReceipt, type ReceiptFile } from "./receipt/file.ts";
import { showReceipt } from "./receipt/show.ts";
import { RECEIPT_USAGE } from "./receipt/usage.ts";
import { verifyFile } from "./receipt/verify.ts";
import { watchReceipts } from "./receipt/watch.ts";
import { recordNear } from "./recorded.ts";
import { findPlace, type Place } from "./tab/place.ts";
import { keyOf, roleOption } from "./tab/role.ts";
import { only, print, UsageError, wholeNumber } from "./usage.ts";

const COMMON = {
  config: { type: "string" },
  rpc: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  show: async (args) => {
    const { values, positionals } = parseArgs({ args: [...args], options: COMMON, allowPositionals: true });
    showReceipt(await readReceipt(only(positionals, "a receipt's file")), values);
  },
  verify,
  watch: watchFolder,
};

/**
 * Runs `assay receipt` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function receiptCommand([name = "--help", ...args]: readonly string[]): Promise<void> {
  if (name === "--help" || args.includes("--help")) {
    print(RECEIPT_USAGE);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new UsageError(`receipt takes one of ${Object.keys(COMMANDS).join(", ")}, got ${JSON.stringify(name)}.`);
  }
  await command(args);
}

async function verify(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...COMMON,
      model: { type: "string" },
      gateway: { type: "string" },
      keep: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const { gateway, keep, model, json } = values;
  if (keep && gateway === undefined) throw new UsageError("--keep goes with --gateway, which says what to keep.");
  const path = only(positionals, "a receipt's file");
  let file = await readReceipt(path);
  const place = await placeOf(file, values);
  const asked: Check[] = [];
  const progress = startProgress("Verifying", 1);
  progress.note("asking the chain");
  try {
    if (gateway !== undefined) {
      asked.push(
        await look("gateway", async () => {
          file = { ...file, inclusion: await askForInclusion(gateway, file.evidence.id) };
          return "says where the receipt stands among its commitments";
        }),
      );
    }
    const recorded = await recordNear(place.config, place.chainId);
    const confirmations = Math.max(1, place.config?.chain.confirmations ?? 1);
    const checks = await verifyFile(file, { client: place.client, confirmations, recorded, model });
    progress.end();
    // What does not lead to a root is not worth keeping.
    const isUnder = checks.some(({ name, state }) => name === "commitment" && state === "ok");
    if (keep && isUnder) await writeAt(path, formatReceipt(file));
    report([...asked, ...checks], { json, id: file.evidence.id });
  } finally {
    progress.end();
    await stopThreads();
  }
}

/** The chain of a receipt, whose escrow the receipt names. */
async function placeOf({ chainId, escrow }: ReceiptFile, values: { config?: string; rpc?: string }): Promise<Place> {
  const place = await findPlace({ ...values, escrow }, process.env);
  if (place.chainId !== chainId) throw new WrongChainError(new URL(place.rpc).origin, place.chainId, chainId);
  return place;
}

async function watchFolder(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...COMMON,
      escrow: { type: "string" },
      once: { type: "boolean", default: false },
      interval: { type: "string", default: "60" },
      worth: { type: "string", default: "0.01" },
      as: { type: "string" },
      keystore: { type: "string" },
    },
    allowPositionals: true,
  });
  const folder = only(positionals, "a folder of receipts");
  const seconds = wholeNumber("--interval", values.interval);
  const worth = amountOption("--worth", values.worth);
  const role = roleOption(values.as) ?? "agent";
  const place = await findPlace(values, process.env);
  const privateKey = await keyOf(role, values.keystore, place.config);
  await watchReceipts(place, { folder, privateKey, isOnce: values.once, seconds, worth, json: values.json });
}
