/** What a gateway promised and answered: written before it says so. */
import { randomUUID } from "node:crypto";

import type { Hex } from "viem";

import type { Transcript } from "../enclave/transcript.ts";
import { NO_SIGNATURE, fromHex, toCompactHex, type Signature } from "../protocol/signature.ts";
import { requestSchema, requestToWire, type Job } from "../protocol/wire.ts";
import type { Request } from "../protocol/request.ts";
import { asJson, type Database, type Sql } from "./database.ts";
import { grouped } from "./group.ts";

/** An order as a gateway got it: not yet promised. */
export type Order = {
  readonly id: Hex;
  readonly request: Request;
  /** The payer's; none for a locked request. */
  readonly signature: Signature;
  readonly fields: readonly number[];
  readonly salt: bigint;
  /** How long the answer may take, where that is longer than the journal's rule. */
  readonly heldSeconds?: number;
};

/** What an enclave answered, and signed for. */
export type AttestedAnswer = {
  readonly chunks: readonly string[];
  readonly transcript: Transcript;
  /** The proof that the verifier takes. */
  readonly signature: Hex;
  readonly isSimulated: boolean;
};

export type Answer = {
  readonly id: Hex;
  readonly output: Hex;
  readonly charge: bigint;
  readonly attested?: AttestedAnswer;
};

/** What became of an order: it may be computed now, or why not. */
export type Verdict =
  | "reserved"
  /** It was answered before: the same answer is to be given again. */
  | "answered"
  /** Another gateway, or another connection, computes it right now. */
  | "busy"
  | "closed"
  | "no-tab"
  | "underfunded"
  | "understaked"
  | "exiting"
  | "nonce-used"
  | "nonce-too-high";

export type JournalRow = Omit<Order, "heldSeconds"> & {
  readonly state: "reserved" | "answered";
  readonly output: Hex | undefined;
  readonly charge: bigint | undefined;
  readonly attested: AttestedAnswer | undefined;
  /** The provider's signature, where it is written already. */
  readonly receipt: Signature | undefined;
  readonly closed: "settled" | "expired" | "refunded" | undefined;
  /** Milliseconds of Unix time. */
  readonly receivedAt: number;
  readonly answeredAt: number | undefined;
  readonly provingAt: number | undefined;
  readonly root: Hex | undefined;
};

export type Journal = {
  /** Promises the price of an order, if its tab covers it; atomically, whoever else does the same. */
  readonly reserve: (order: Order) => Promise<Verdict>;
  /**
   * Writes an answer and its proving job. False when nothing was written: the reservation lapsed and went to another
   * gateway, or the journal has an answer. Then nothing may be signed but what the journal has: the other gateway's prices
   * may be others, and two receipts of one request cost the penalty.
   */
  readonly answer: (answer: Answer) => Promise<boolean>;
  /** Keeps the provider's signature of an answer that is in the journal. */
  readonly seal: (receipt: { readonly id: Hex; readonly receipt: Signature }) => Promise<void>;
  /** Answers whose signature was not kept before a crash. */
  readonly unsealed: () => Promise<JournalRow[]>;
  /** Gives a promise back that will not be kept: nothing was answered. */
  readonly abandon: (id: Hex) => Promise<void>;
  /** Gives back what crashed gateways left, at a time of the chain, and says how many. */
  readonly abandonLapsed: (now: number) => Promise<number>;
  readonly find: (ids: readonly Hex[]) => Promise<JournalRow[]>;
};

export type JournalRules = {
  /** How long a gateway may take from reserving to journalling. */
  readonly heldSeconds: number;
  readonly nonceWindow: number;
  /** Seconds between a deadline and the exit of its tab. */
  readonly exitMargin: number;
};

const SEAL_MS = 100;
/** One gateway cannot leave more behind at once. */
const MOST_UNSEALED = 10_000;

export function openJournal(database: Database, rules: JournalRules): Journal {
  // A gateway that is started anew is another holder: what the old one held is not its to finish.
  const holder = randomUUID();
  const reserve = database.prepare<{ id: string; verdict: Verdict }>("SELECT * FROM assay.reserve($1, $2, $3)", [
    "jsonb",
    "text",
    "integer",
  ]);
  const write = database.prepare<{ id: string; verdict: "journalled" | "answered" | "lost" }>(
    "SELECT * FROM assay.journal($1, $2)",
    ["jsonb", "text"],
  );
  const abandon = async (ids: readonly string[]): Promise<number> => {
    const [row] = await database.query<{ gone: number }>("SELECT assay.abandon($1::jsonb, $2) AS gone", [
      asJson(ids),
      holder,
    ]);
    return row?.gone ?? 0;
  };
  return {
    reserve: grouped(async (orders) => {
      const rows = await reserve([asJson(orders.map((order) => toRow(order, rules))), holder, rules.nonceWindow]);
      return verdictsOf(orders, rows);
    }),
    answer: grouped(async (answers) => {
      const rows = await write([asJson(answers), holder]);
      return verdictsOf(answers, rows).map((verdict) => verdict === "journalled");
    }),
    // Who proves can wait for a moment, and so many are written at once.
    seal: grouped(async (receipts): Promise<undefined[]> => {
      await database.query(
        "UPDATE assay.requests r SET receipt = x.receipt FROM jsonb_to_recordset($1::jsonb) AS x(id text, receipt text) " +
          "WHERE r.id = x.id",
        [asJson(receipts.map(({ id, receipt }) => ({ id, receipt: toCompactHex(receipt) })))],
      );
      return [];
    }, SEAL_MS),
    async unsealed() {
      const rows = await database.query<Row>(
        `SELECT ${COLUMNS} FROM assay.requests WHERE state = 'answered' AND receipt IS NULL LIMIT ${MOST_UNSEALED}`,
      );
      return rows.map(fromRow);
    },
    async abandon(id) {
      await abandon([id]);
    },
    async abandonLapsed(now) {
      const lapsed = await database.query<{ id: string }>(
        // A lock whose opening is under way may open until its deadline.
        "SELECT id FROM assay.requests WHERE state = 'reserved' AND held_until < clock_timestamp() AND closed IS NULL " +
          "AND (NOT locked OR deadline < $1)",
        [now],
      );
      return lapsed.length === 0 ? 0 : abandon(lapsed.map(({ id }) => id));
    },
    find: (ids) => findRequests(database, ids),
  };
}

/** One id may be twice in a group: the first is decided by the statement, and so is the second, after it. */
function verdictsOf<Kind>(
  asked: readonly { readonly id: Hex }[],
  rows: readonly { id: string; verdict: Kind }[],
): Kind[] {
  const left = new Map<string, Kind[]>();
  for (const { id, verdict } of rows) left.set(id, [...(left.get(id) ?? []), verdict]);
  return asked.map(({ id }) => left.get(id)?.shift() as Kind);
}

function toRow({ id, request, signature, fields, salt, heldSeconds }: Order, rules: JournalRules) {
  const { payer, nonce, locked, model, deadline, price, penalty } = request;
  return {
    id,
    payer: payer.toLowerCase(),
    nonce,
    locked,
    model,
    deadline,
    request: requestToWire(request),
    signature: locked ? null : toCompactHex(signature),
    fields,
    salt,
    price,
    penalty,
    exitMargin: rules.exitMargin,
    heldSeconds: heldSeconds ?? rules.heldSeconds,
  };
}

type Row = {
  id: Hex;
  request: unknown;
  signature: Hex | null;
  fields: number[];
  salt: string;
  state: "reserved" | "answered";
  output: Hex | null;
  charge: string | null;
  attested: AttestedAnswer | null;
  receipt: Hex | null;
  closed: "settled" | "expired" | "refunded" | null;
  received_at: Date;
  answered_at: Date | null;
  proving_at: Date | null;
  root: Hex | null;
};

const COLUMNS =
  "id, request, signature, fields, salt, state, output, charge, attested, receipt, closed, received_at, answered_at, " +
  "proving_at, root";

/** The requests of some ids that the journal has. */
export async function findRequests(sql: Sql, ids: readonly Hex[]): Promise<JournalRow[]> {
  const rows = await sql.query<Row>(
    `SELECT ${COLUMNS} FROM assay.requests WHERE id IN (SELECT jsonb_array_elements_text($1::jsonb))`,
    [asJson(ids)],
  );
  return rows.map(fromRow);
}

function fromRow(row: Row): JournalRow {
  return {
    id: row.id,
    request: requestSchema.parse(row.request),
    signature: row.signature === null ? NO_SIGNATURE : fromHex(row.signature),
    fields: row.fields,
    salt: BigInt(row.salt),
    state: row.state,
    output: row.output ?? undefined,
    charge: row.charge === null ? undefined : BigInt(row.charge),
    attested: row.attested ?? undefined,
    receipt: row.receipt === null ? undefined : fromHex(row.receipt),
    closed: row.closed ?? undefined,
    receivedAt: row.received_at.getTime(),
    answeredAt: row.answered_at?.getTime(),
    provingAt: row.proving_at?.getTime(),
    root: row.root ?? undefined,
  };
}

/** Counts that requests were offered to strangers, and tells how often each was by now. */
export async function noteOffers(sql: Sql, ids: readonly Hex[]): Promise<ReadonlyMap<Hex, number>> {
  const rows = await sql.query<{ id: Hex; offers: number }>(
    "UPDATE assay.requests SET offers = offers + 1 WHERE id IN (SELECT jsonb_array_elements_text($1::jsonb)) " +
      "RETURNING id, offers",
    [asJson(ids)],
  );
  return new Map(rows.map(({ id, offers }) => [id, offers]));
}

/** Notes that provers work on requests. */
export async function noteProving(sql: Sql, ids: readonly Hex[]): Promise<void> {
  await sql.query(
    "UPDATE assay.requests SET proving_at = clock_timestamp() WHERE proving_at IS NULL AND id IN " +
      "(SELECT jsonb_array_elements_text($1::jsonb))",
    [asJson(ids)],
  );
}

/** Sets a request aside: no prover gets it again, and whoever runs the gateway is to look at it. */
export async function setAside(sql: Sql, id: Hex, reason: string): Promise<void> {
  await sql.query("UPDATE assay.requests SET aside = $2 WHERE id = $1", [id, reason]);
}

/** What a prover needs of an answered request. */
export function jobOf({ id, request, signature, output, charge, attested, receipt, fields, salt }: JournalRow): Job {
  if (output === undefined || charge === undefined || receipt === undefined) throw new NotAnsweredError(id);
  const job = { id, request, signature, output, charge, receipt, fields, salt };
  return attested === undefined ? job : { ...job, proof: attested.signature };
}

/** A request is treated as answered that is not. */
export class NotAnsweredError extends Error {
  override readonly name = "NotAnsweredError";

  constructor(id: Hex) {
    super(`Request ${id} has no signed answer in the journal, so there is nothing to prove. Ask again.`);
  }
}
