/** `assay audit`: a provider's receipts of a period, and a stranger's check of them. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import type { Address } from "viem";

import { connectChain, WrongChainError } from "../chain/rpc.ts";
import { isCode } from "../model/files.ts";
import { stopThreads } from "../model/groth16.ts";
import { openDatabase, type StoreLocation } from "../store/database.ts";
import type { Header } from "./audit/bundle.ts";
import { startChecking } from "./audit/check.ts";
import { exportBundle, manifestsOf, type Exported } from "./audit/export.ts";
import { readBundle } from "./audit/read.ts";
import { AUDIT_USAGE } from "./audit/usage.ts";
import { look, report, type Check } from "./checks.ts";
import { CONFIG_FILE, readConfig } from "./config.ts";
import { dollarsText } from "./config/dollars.ts";
import type { Config } from "./config/schema.ts";
import { startProgress } from "./progress.ts";
import { compareDeployment } from "./receipt/verify.ts";
import { recordNear } from "./recorded.ts";
import { recordOf } from "./serve/settings.ts";
import { findPlace } from "./tab/place.ts";
import { only, print, required, UsageError } from "./usage.ts";

/**
 * Runs `assay audit` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function auditCommand([name = "--help", ...args]: readonly string[]): Promise<void> {
  if (name === "--help" || args.includes("--help")) {
    print(AUDIT_USAGE);
    return;
  }
  if (name === "export") await exportPeriod(args);
  else if (name === "check") await check(args);
  else throw new UsageError(`audit takes export or check, got ${JSON.stringify(name)}.`);
}

async function exportPeriod(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: CONFIG_FILE },
      from: { type: "string" },
      to: { type: "string" },
      out: { type: "string" },
      "without-proofs": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const period = { from: momentOption("--from", values.from), to: momentOption("--to", values.to) };
  if (period.from >= period.to) throw new UsageError("--to is a moment after --from.");
  const file = required("--out", values.out);
  const config = await readConfig(values.config, process.env);
  const { chain, store } = config;
  const client = values["without-proofs"] ? undefined : await connectChain({ rpc: chain.rpc, chainId: chain.id });
  await checkStoreThere(store);
  const progress = startProgress("Exporting", 1);
  progress.note("opening the store");
  const database = await openDatabase(store);
  try {
    const header = await headerOf(config, await ownerIn(database), period);
    const onPage = (answers: number): void => progress.note(`${answers.toLocaleString("en-US")} answers`);
    const exported = await exportBundle({ sql: database, header, client, file, onPage });
    progress.end();
    const { charged, paid, ...counts } = exported;
    const json = { file, ...header, ...counts, charged: charged.toString(), paid: paid.toString() };
    print(values.json ? JSON.stringify(json) : exportText(file, exported));
  } finally {
    progress.end();
    await database.close();
  }
}

function exportText(file: string, { receipts, charged, settled, paid, unproven }: Exported): string {
  return [
    `Wrote ${file}: ${receipts} answers for ${dollarsText(charged)}, of which ${settled} were settled for ${dollarsText(paid)}.`,
    ...(unproven === 0 ? [] : [`The proofs of ${unproven} settled answers are not in it.`]),
    "Anybody can check it: assay audit check.",
  ].join("\n");
}

/** What PostgreSQL says of a table that there is not. */
const NO_TABLE = "42P01";

type Query = Pick<Awaited<ReturnType<typeof openDatabase>>, "query">;

/** Whose store it is, and of which escrow. */
async function ownerIn(sql: Query): Promise<Pick<Header, "chainId" | "escrow" | "provider">> {
  const [row] = await sql
    .query<{ chain_id: string; escrow: Address; provider: Address }>(
      "SELECT chain_id, escrow, provider FROM assay.identity",
    )
    .catch((cause: unknown) => {
      throw isCode(cause, NO_TABLE) ? new NothingToAuditError({ cause }) : cause;
    });
  if (row === undefined) throw new NothingToAuditError();
  return { chainId: Number(row.chain_id), escrow: row.escrow, provider: row.provider };
}

async function headerOf(
  config: Config,
  owner: Pick<Header, "chainId" | "escrow" | "provider">,
  { from, to }: Pick<Header, "from" | "to">,
): Promise<Header> {
  const { contracts } = await recordOf(config.chain);
  const folders = (config.provider?.models ?? []).map(({ folder }) => folder);
  return {
    kind: "assay-audit",
    version: 1,
    ...owner,
    commitmentLog: contracts.CommitmentLog.address,
    from,
    to,
    manifests: await manifestsOf(folders),
  };
}

/** PGlite would make a new one. */
async function checkStoreThere(store: StoreLocation): Promise<void> {
  if ("url" in store) return;
  await access(join(store.folder, "data")).catch((cause: unknown) => {
    throw new NothingToAuditError({ cause });
  });
}

async function check(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string" },
      rpc: { type: "string" },
      "without-proofs": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const file = only(positionals, "a bundle");
  const progress = startProgress("Checking", 1);
  progress.note("against the chain");
  const checks: Check[] = [];
  let checking: ReturnType<typeof startChecking> | undefined;
  let entries = 0;
  try {
    const { footer, isWhole } = await readBundle(file, {
      async onHeader(header) {
        const place = await findPlace({ ...values, escrow: header.escrow }, process.env);
        if (place.chainId !== header.chainId) {
          throw new WrongChainError(new URL(place.rpc).origin, place.chainId, header.chainId);
        }
        const recorded = await recordNear(place.config, place.chainId);
        checks.push(await look("deployment", async () => compareDeployment(header, recorded)));
        const proofs = values["without-proofs"] ? "left-out" : "checked";
        checking = startChecking({ client: place.client, header, proofs });
      },
      async onEntry(entry) {
        await checking?.entry(entry);
        entries += 1;
        if (process.stderr.isTTY) progress.note(`${entries.toLocaleString("en-US")} answers`);
      },
    });
    checks.push(wholeness(isWhole), ...((await checking?.end(footer)) ?? []));
    progress.end();
    report(checks, { json: values.json, file, sha256: footer.sha256 });
  } finally {
    progress.end();
    await stopThreads();
  }
}

function wholeness(isWhole: boolean): Check {
  return isWhole
    ? { name: "file", state: "ok", says: "its SHA-256 is that of its lines" }
    : {
        name: "file",
        state: "failed",
        says: "Its lines have another SHA-256 than it says: it was changed, or damaged.",
      };
}

/** A date or a moment of ISO 8601, as one moment of UTC. */
function momentOption(option: string, text: string | undefined): string {
  const given = required(option, text);
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/.test(given);
  const time = isDate ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new UsageError(
      `${option} takes a date such as 2026-01-31 or 2026-01-31T12:00:00Z, got ${JSON.stringify(given)}.`,
    );
  }
  return new Date(time).toISOString();
}

/** There is no journal of a provider where the config says. */
export class NothingToAuditError extends Error {
  override readonly name = "NothingToAuditError";

  constructor(options?: ErrorOptions) {
    super("No gateway has used the store of this config, so there is nothing to export. Check its place.", options);
  }
}
