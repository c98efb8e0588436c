/** `assay audit export`: a period of the provider's journal, with all that shows it to be true. */
import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";

import type { Hex, PublicClient } from "viem";

import { openModel } from "../../model/bundle/open.ts";
import { manifestHashOf } from "../../model/manifest/manifest.ts";
import { toCompactHex } from "../../protocol/signature.ts";
import { requestToWire } from "../../protocol/wire.ts";
import { findOutcomes, type Outcome } from "../../store/chain-state.ts";
import type { Sql } from "../../store/database.ts";
import { UncheckedError } from "../checks.ts";
import { proofReader, type ProofReader } from "../receipt/settled-proof.ts";
import { startSums, type Header, type Sums } from "./bundle.ts";
import { answersIn, treesOf, type AnsweredRow, type Trees } from "./journal.ts";

export type ExportOptions = {
  readonly sql: Sql;
  readonly header: Header;
  /** Undefined to leave the proofs out. */
  readonly client: PublicClient | undefined;
  readonly file: string;
  readonly onPage: (answers: number) => void;
};

export type Exported = Sums & { readonly unproven: number };

/** Writes a bundle. Whatever goes wrong, no half of one is left. */
export async function exportBundle(options: ExportOptions): Promise<Exported> {
  const { file } = options;
  const out = await open(file, "wx").catch((cause: unknown) => {
    throw new NoBundlePlaceError(file, { cause });
  });
  try {
    const hash = createHash("sha256");
    const write = async (line: unknown): Promise<void> => {
      const text = `${JSON.stringify(line)}\n`;
      hash.update(text);
      await out.write(text);
    };
    const found = await writeLines(options, write);
    const { receipts, charged, settled, paid } = found;
    const sums = { receipts, charged: charged.toString(), settled, paid: paid.toString() };
    await out.write(`${JSON.stringify({ ...sums, sha256: hash.digest("hex") })}\n`);
    await out.sync();
    return found;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await out.close();
  }
}

async function writeLines(
  { sql, header, client, onPage }: ExportOptions,
  write: (line: unknown) => Promise<void>,
): Promise<Exported> {
  const { from, to } = header;
  await write(header);
  const read = client === undefined ? undefined : proofReader(client, header);
  const trees = treesOf(sql);
  const counting = startSums();
  let [done, unproven] = [0, 0];
  for await (const rows of answersIn(sql, { from, to })) {
    const outcomes = Map.groupBy(
      await findOutcomes(
        sql,
        rows.map(({ id }) => id),
      ),
      ({ id }) => id,
    );
    for (const row of rows) {
      const own = outcomes.get(row.id) ?? [];
      const proof = read === undefined ? null : await proofOf(read, row, own);
      if (proof === null && own.some(({ kind }) => kind === "settled")) unproven += 1;
      counting.add({ charge: row.charge, outcomes: own });
      await write({ ...(await entryOf(row, own, trees)), proof });
    }
    done += rows.length;
    onPage(done);
  }
  return { ...counting.sums(), unproven };
}

async function entryOf(row: AnsweredRow, outcomes: readonly Outcome[], trees: Trees) {
  const { request, signature, output, charge, receipt, answeredAt, id, root } = row;
  return {
    request: requestToWire(request),
    signature: request.locked ? null : toCompactHex(signature),
    output,
    charge: charge.toString(),
    receipt: toCompactHex(receipt),
    answeredAt: new Date(answeredAt).toISOString(),
    commitment: root === undefined ? null : await trees.commitmentOf(root, { request: id, output, charge }),
    outcomes: outcomes.map(({ kind, transaction, block, amount, prover }) => ({
      kind,
      transaction,
      block,
      amount: amount.toString(),
      prover: prover ?? null,
    })),
  };
}

async function proofOf(
  read: ProofReader,
  { id, output, charge }: AnsweredRow,
  outcomes: readonly Outcome[],
): Promise<Hex | null> {
  const settled = outcomes.find(({ kind }) => kind === "settled");
  if (settled?.prover === undefined) return null;
  try {
    return await read(settled.transaction, { id, output, charge, prover: settled.prover });
  } catch (error) {
    if (error instanceof UncheckedError) return null;
    throw error;
  }
}

/** The hashes of the manifests of some built models, by their ids. */
export async function manifestsOf(folders: readonly string[]): Promise<Record<string, Hex>> {
  const opened = await Promise.all(folders.map(async (folder) => openModel(folder)));
  return Object.fromEntries(opened.map(({ id, manifest }) => [id, manifestHashOf(manifest)]));
}

/** A bundle cannot be written where it should. */
export class NoBundlePlaceError extends Error {
  override readonly name = "NoBundlePlaceError";

  constructor(file: string, { cause }: { cause: unknown }) {
    const isThere = (cause as NodeJS.ErrnoException).code === "EEXIST";
    super(`${file} ${isThere ? "is there already" : "cannot be written"}. Name another file with --out.`, { cause });
  }
}
