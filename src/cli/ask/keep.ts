/** The file of a receipt, made before anything is paid: what is bought should have its place. */
import { open, rm, writeFile } from "node:fs/promises";

import { formatReceipt, type ReceiptFile } from "../receipt/file.ts";

/** Only its owner reads it: the input is in it. */
const OWNER_ONLY = 0o600;

export type Keeping = {
  readonly keep: (receipt: ReceiptFile) => Promise<void>;
  /** Takes the place back if nothing was put there. */
  readonly end: () => Promise<void>;
};

/** Takes a file that is not there yet. */
export async function placeFor(file: string): Promise<Keeping> {
  try {
    const taken = await open(file, "wx", OWNER_ONLY);
    await taken.close();
  } catch (cause) {
    throw new NoPlaceError(file, { cause });
  }
  let isEmpty = true;
  return {
    async keep(receipt) {
      isEmpty = false;
      await writeFile(file, formatReceipt(receipt), { flush: true });
    },
    async end() {
      if (isEmpty) await rm(file, { force: true });
    },
  };
}

/** A receipt could not be kept where it should. Nothing was asked. */
export class NoPlaceError extends Error {
  override readonly name = "NoPlaceError";

  constructor(file: string, { cause }: { cause: unknown }) {
    const isThere = (cause as NodeJS.ErrnoException).code === "EEXIST";
    super(
      `${file} ${isThere ? "is there already, and a receipt is not written over" : "cannot be written"}. Nothing was ` +
        "asked: name another file with --out.",
      { cause },
    );
  }
}
