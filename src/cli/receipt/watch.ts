/** `assay receipt watch`: a folder of receipts as a book of evidence, and a watch that acts on it. */
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";

import { createWalletClient, custom, isAddressEqual, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { memoryBook, type Book } from "../../client/evidence.ts";
import { watch, type Act } from "../../client/watch.ts";
import { errorDetails } from "../../gateway/log.ts";
import { processLog, runUntilSignal } from "../serve/run.ts";
import type { Place } from "../tab/place.ts";
import { print } from "../usage.ts";
import { BadReceiptError, readReceipt } from "./file.ts";

export type WatchReceipts = {
  readonly folder: string;
  readonly privateKey: Hex;
  readonly isOnce: boolean;
  readonly seconds: number;
  readonly worth: bigint;
  readonly json: boolean;
};

const DONE = "done";

/** Watches until it is told to end, or once; then it fails if anything that is owed could not be taken. */
export async function watchReceipts(place: Place, options: WatchReceipts): Promise<void> {
  const { client, chainId, escrow } = place;
  const { folder, privateKey, isOnce, seconds, worth, json } = options;
  const account = privateKeyToAccount(privateKey);
  const acts: Act[] = [];
  let failures = 0;
  const watching = watch({
    client,
    deployment: { chainId, escrow },
    wallet: createWalletClient({ account, transport: custom(client) }),
    book: folderBook(place, folder),
    worth,
    interval: 1_000 * seconds,
    onAct(act) {
      acts.push(act);
      if (!isOnce) print(json ? JSON.stringify(act) : actLine(act));
    },
    onError(error, evidence) {
      failures += 1;
      processLog("warning", "watch-failed", { id: evidence?.id, ...errorDetails(error) });
    },
  });
  if (!isOnce) {
    const started = { watching: folder, account: account.address, escrow, chainId };
    await runUntilSignal(started, async () => watching.close());
    return;
  }
  await watching.round();
  watching.close();
  const text = acts.length === 0 ? "Nothing is owed so far." : acts.map(actLine).join("\n");
  print(json ? JSON.stringify({ acts }) : text);
  if (failures > 0) process.exitCode = 1;
}

function actLine({ kind, id, transaction }: Act): string {
  return `${kind.padEnd(13)}${id}${transaction === undefined ? "" : `  transaction ${transaction}`}`;
}

/** The receipts of a folder that are of this escrow. New ones are found at the next look. */
function folderBook({ chainId, escrow }: Place, folder: string): Book {
  const kept = memoryBook();
  const files = new Map<Hex, string>();
  const known = new Set<string>();
  const read = async (): Promise<void> => {
    for (const name of await readdir(folder)) {
      if (!name.endsWith(".json") || known.has(name)) continue;
      known.add(name);
      try {
        const receipt = await readReceipt(join(folder, name));
        if (receipt.chainId !== chainId || !isAddressEqual(receipt.escrow, escrow)) continue;
        files.set(receipt.evidence.id, name);
        await kept.keep(receipt.evidence);
      } catch (error) {
        if (!(error instanceof BadReceiptError)) throw error;
        processLog("warning", "no-receipt", errorDetails(error));
      }
    }
  };
  return {
    keep: kept.keep,
    async all() {
      await read();
      return kept.all();
    },
    async drop(id) {
      const name = files.get(id);
      if (name !== undefined) {
        await mkdir(join(folder, DONE), { recursive: true });
        await rename(join(folder, name), join(folder, DONE, name));
      }
      await kept.drop(id);
    },
  };
}
