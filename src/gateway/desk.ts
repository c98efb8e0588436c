/**
 * The way of a paid request: check, reserve, compute, journal, sign, answer. Nothing is signed that is not in the journal,
 * nothing is computed that is not reserved, and whatever fails before the journal gives the reservation back.
 */
import { numberToHex, type Address, type Hex } from "viem";

import type { OpenModel } from "../model/bundle/open.ts";
import { digestOf } from "../protocol/receipt.ts";
import { toCompactHex, type Signature } from "../protocol/signature.ts";
import { requestToWire } from "../protocol/wire.ts";
import type { Answer, Journal, JournalRow, Order, Verdict } from "../store/journal.ts";
import type { QuoteTerms } from "../x402/quote.ts";
import type { Offer, WireAnswer } from "../x402/scheme.ts";
import type { ChainTime } from "./chain-time.ts";
import type { Cashier } from "./cashier.ts";
import type { Stage } from "./metrics.ts";
import { checkPayment, identify, type Paid, type Payment } from "./payment.ts";
import { Problem, type ProblemCode } from "./problem.ts";
import { signDigest } from "./secp256k1.ts";
import type { Ware } from "./shop.ts";

/** A question whose fields fit the model. */
export type Question = {
  readonly ware: Ware;
  readonly fields: readonly number[];
  /** As the body has it. */
  readonly salt: bigint | undefined;
};

export type Answered = {
  readonly answer: WireAnswer;
  readonly payer: Address;
  /** Of the lock's opening; none when a tab pays. */
  readonly transaction: Hex | undefined;
};

/** What a payment has to pay for, whatever will answer it. */
export type Asked = {
  readonly offer: Offer;
  /** The input's commitment under a salt. */
  readonly commit: (salt: bigint) => Hex;
  /** As the model's circuit takes the input; none where an enclave answers. */
  readonly fields: readonly number[];
  /** As the client sent it. */
  readonly salt: bigint | undefined;
  /** How long the answer may take, where that is longer than for a circuit. */
  readonly heldSeconds?: number;
  /** The last second at which an answer can be verified, where there is one. */
  readonly answersUntil?: number;
};

export type Desk = {
  /** Checks a payment and promises the money: the first half, after which there is something to give back. */
  readonly admit: (asked: Asked, payment: Payment) => Promise<Admitted>;
  /** Computes, journals and signs: the second half. */
  readonly answer: (question: Question, admitted: Admitted) => Promise<Answered>;
  /** Journals an answer and signs its receipt; undefined when the journal has another one, or the time was up. */
  readonly enter: (answer: Answer) => Promise<Signature | undefined>;
  /** Gives back what was promised for an answer that does not come. */
  readonly abandon: (id: Hex) => Promise<void>;
  /** What was answered before, with its receipt. */
  readonly recall: (id: Hex) => Promise<Recalled>;
  /** Signs an answer that was journalled, and never signed as far as the journal knows. */
  readonly seal: (row: JournalRow) => Promise<void>;
};

export type Admitted = {
  readonly paid: Paid;
  readonly salt: bigint;
  readonly isAnswered: boolean;
  readonly transaction: Hex | undefined;
};

/** A row of the journal that was answered. */
export type Recalled = JournalRow & {
  readonly output: Hex;
  readonly charge: bigint;
  readonly receipt: Signature;
};

export type DeskOptions = {
  readonly journal: Journal;
  readonly cashier: Cashier;
  readonly time: ChainTime;
  readonly terms: QuoteTerms;
  readonly privateKey: Hex;
  readonly onError: (error: Error) => void;
  /** Told how long each part took. */
  readonly onStage: (stage: Stage, seconds: number) => void;
};

const REFUSALS: Readonly<Record<Exclude<Verdict, "reserved" | "answered">, readonly [ProblemCode, string]>> = {
  busy: ["busy", "This very request is being answered. Ask again in a moment for the same answer."],
  closed: ["closed", "This request is over, and its money was sent back."],
  "no-tab": ["no-tab", "Fund a tab with this provider first, or send a top-up along."],
  underfunded: [
    "underfunded",
    "What is final in the tab, less what is promised already, is below the price. Top it up.",
  ],
  understaked: ["understaked", "The provider's stake in this tab is below the penalty. Ask for a lower penalty."],
  exiting: ["exiting", "The tab is being left, and the deadline comes too late for that. Ask with an earlier one."],
  "nonce-used": ["nonce-used", "Another request of this payer has this nonce. Take the next one."],
  "nonce-too-high": ["nonce-too-high", "Nonces must be dense: take the next one that is free."],
};

export function openDesk({ journal, cashier, time, terms, privateKey, onError, onStage }: DeskOptions): Desk {
  const sign = (answer: { id: Hex; output: Hex; charge: bigint }): Signature => {
    const { id: request, output, charge } = answer;
    return signDigest(digestOf({ request, output, charge }, terms.deployment), privateKey);
  };
  const timed = <Result>(stage: Stage, work: () => Result): Result => {
    const started = performance.now();
    const end = (): void => onStage(stage, (performance.now() - started) / 1000);
    const result = work();
    if (result instanceof Promise) void result.then(end, end);
    else end();
    return result;
  };
  const reserve = async (order: Order, paid: Paid): Promise<Verdict> => {
    const verdict = await journal.reserve(order);
    if (paid.kind === "vault") return verdict;
    const isShort = verdict === "no-tab" || verdict === "underfunded";
    let toppedUpIn: number | undefined;
    if (paid.topUp !== undefined) {
      const topUp = cashier.topUp(paid.request.payer, paid.topUp);
      // A tab that covers this request is filled up for the next ones, and nobody waits for that.
      if (isShort) toppedUpIn = await topUp;
      else topUp.catch(onError);
    }
    if (!isShort && verdict !== "understaked") return verdict;
    if (isShort && paid.topUp === undefined) return verdict;
    await cashier.awaitCover(paid.request, toppedUpIn);
    return journal.reserve(order);
  };
  /** What was answered before, signed as it was then. */
  const recall = async (id: Hex): Promise<Recalled> => {
    const [row] = await journal.find([id]);
    if (row?.output === undefined || row.charge === undefined) return refuse("busy");
    const { output, charge } = row;
    return { ...row, output, charge, receipt: row.receipt ?? sign({ id, output, charge }) };
  };
  const enter = async (answer: Answer): Promise<Signature | undefined> => {
    if (!(await timed("journal", () => journal.answer(answer)))) return undefined;
    const receipt = timed("sign", () => sign(answer));
    // Whoever proves needs it too, and can wait; after a crash it is made again.
    journal.seal({ id: answer.id, receipt }).catch(onError);
    return receipt;
  };
  /** An answer that was given before, for a payment that would be refused by now: its times are over, or prices changed. */
  const findAnswer = async (payment: Payment, commit: (salt: bigint) => Hex): Promise<Admitted | undefined> => {
    const id = identify(payment, { terms });
    const [row] = id === undefined ? [] : await journal.find([id]);
    if (row === undefined || row.state !== "answered" || commit(row.salt) !== row.request.input) return undefined;
    const { request, signature, salt } = row;
    // Only its id and request are read of what was paid long ago.
    return {
      paid: { kind: "tab", id: row.id, request, signature, topUp: undefined },
      salt,
      isAnswered: true,
      transaction: undefined,
    };
  };
  return {
    enter,
    recall,
    abandon: (id) => journal.abandon(id),
    async admit({ offer, commit, fields, salt: given, heldSeconds, answersUntil }, payment) {
      time.check();
      const rules = { terms, offer, time, commit, ...(answersUntil !== undefined && { answersUntil }) };
      let checked: ReturnType<typeof checkPayment>;
      try {
        checked = timed("check", () => checkPayment(payment, given, rules));
      } catch (error) {
        const known = error instanceof Problem && error.status === 402 ? await findAnswer(payment, commit) : undefined;
        if (known === undefined) throw error;
        return known;
      }
      const { salt, ...paid } = checked;
      const { id, request, signature } = paid;
      const order = { id, request, signature, fields, salt, ...(heldSeconds !== undefined && { heldSeconds }) };
      const verdict = await timed("reserve", () => reserve(order, paid));
      if (verdict === "answered") return { paid, salt, isAnswered: true, transaction: undefined };
      if (verdict !== "reserved") return refuse(verdict);
      if (paid.kind === "tab") return { paid, salt, isAnswered: false, transaction: undefined };
      try {
        const transaction = await cashier.openLock(request, id, paid.authorization);
        return { paid, salt, isAnswered: false, transaction };
      } catch (error) {
        // Only what the chain certainly did not take is given back: else the money may move, and belong to nothing.
        if (error instanceof Problem) await journal.abandon(id);
        throw error;
      }
    },
    async answer({ ware, fields }, { paid, salt, isAnswered, transaction }) {
      const { id, request } = paid;
      const payer = paid.kind === "vault" ? paid.authorization.from : request.payer;
      if (!isAnswered) {
        let computed: ReturnType<OpenModel["run"]>;
        try {
          computed = timed("compute", () => ware.model.run(fields, salt));
        } catch (error) {
          await journal.abandon(id);
          throw new Problem("bad-input", (error as Error).message, { cause: error });
        }
        const { output, value } = computed;
        const charge = ware.offer.price;
        const receipt = await enter({ id, output, charge });
        if (receipt !== undefined) {
          return toAnswered({ id, request, salt }, { output, charge, receipt, value, payer, transaction });
        }
      }
      const { output, charge, receipt, ...row } = await recall(id);
      const { value } = ware.model.run(row.fields, row.salt);
      return toAnswered(row, { output, charge, receipt, value, payer, transaction });
    },
    async seal({ id, output, charge }) {
      if (output === undefined || charge === undefined) return;
      await journal.seal({ id, receipt: sign({ id, output, charge }) });
    },
  };
}

function refuse(verdict: Exclude<Verdict, "reserved" | "answered">): never {
  throw new Problem(...REFUSALS[verdict]);
}

type Parts = {
  readonly output: Hex;
  readonly charge: bigint;
  readonly receipt: Signature;
  readonly value: WireAnswer["value"];
  readonly payer: Address;
  readonly transaction: Hex | undefined;
};

function toAnswered(row: Pick<JournalRow, "id" | "request" | "salt">, parts: Parts): Answered {
  return {
    answer: {
      id: row.id,
      request: requestToWire(row.request),
      output: parts.output,
      charge: parts.charge.toString(),
      receipt: toCompactHex(parts.receipt),
      value: parts.value,
      salt: numberToHex(row.salt, { size: 32 }),
    },
    payer: parts.payer,
    transaction: parts.transaction,
  };
}
