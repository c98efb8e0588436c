/** `POST /v1/chat/completions` and `/v1/embeddings`: as the OpenAI API has them, paid, and answered by an enclave. */
import { randomBytes } from "node:crypto";

import type { Context } from "hono";
import { bytesToHex, getAddress, hexToBigInt, isAddress, isHash, numberToHex, type Address, type Hex } from "viem";

import { hashInput } from "../../enclave/input.ts";
import { capFor, readQuestion, ROUTES, type Kind, type Question } from "../../enclave/question.ts";
import { toCompactHex } from "../../protocol/signature.ts";
import { requestToWire } from "../../protocol/wire.ts";
import { networkOf, type Offer } from "../../x402/scheme.ts";
import type { Admitted, Asked, Desk } from "../desk.ts";
import type { WithBody } from "../limits.ts";
import { parsePayment } from "../payment.ts";
import { askForPayment, toHeader, type PricingOptions } from "../payment-required.ts";
import { Problem } from "../problem.ts";
import { entered, startAnswering, type Answering, type Entered } from "./answering.ts";
import type { AttestedWare, Enclaves } from "./enclaves.ts";
import { streamAnswer } from "./stream.ts";

/** Models that are too large to prove think for minutes; a stream that takes longer is cut by the enclave. */
const HELD_SECONDS = 1_000;

export type AttestedOptions = PricingOptions & {
  readonly enclaves: Enclaves;
  readonly desk: Desk;
  readonly provider: Address;
  readonly onError: (error: Error) => void;
};

export function attestedRoute(kind: Kind, options: AttestedOptions) {
  const { enclaves, desk, metrics } = options;
  return async (context: Context<WithBody>): Promise<Response> => {
    const started = performance.now();
    const body = parseBody(context.get("body"));
    const { model } = body;
    if (typeof model !== "string") throw new Problem("malformed-body", "The body names no model.");
    const ware = enclaves.find(model);
    if (ware.manifest.kind !== kind) {
      throw new Problem("bad-input", `This model is asked at ${ROUTES[ware.manifest.kind]}.`);
    }
    const order: PricedQuestion = {
      ware,
      question: questionOf(ware, body),
      salt: saltIn(context),
      payer: payerIn(context),
      until: ware.answersUntil(),
    };
    const header = context.req.header("payment-signature");
    if (header === undefined) {
      return price(context, order, options, new Problem("payment-required", "Pay, and ask again."));
    }
    let admitted: Admitted;
    let scheme: string;
    try {
      const payment = parsePayment(header);
      ({ scheme } = payment.accepted);
      admitted = await desk.admit(askedOf(order, options), payment);
    } catch (error) {
      if (error instanceof Problem && error.status === 402) return price(context, order, options, error);
      throw error;
    }
    const count = (): void => {
      const labels = { model: ware.id, scheme, proof: ware.isSimulated ? "simulated" : "enclave" };
      metrics.answers.inc(labels);
      metrics.seconds.observe(labels, (performance.now() - started) / 1000);
    };
    return respond(context, order, admitted, options, count);
  };
}

type PricedQuestion = {
  readonly ware: AttestedWare;
  readonly question: Question;
  readonly salt: bigint | undefined;
  readonly payer: Address | undefined;
  /** The latest deadline. */
  readonly until: number;
};

async function respond(
  context: Context,
  { ware, question }: PricedQuestion,
  admitted: Admitted,
  { desk, terms, onError }: AttestedOptions,
  onAnswered: () => void,
): Promise<Response> {
  if (ware.isSimulated) context.header("assay-simulated", "true");
  const tailOf = (answer: Entered): AttestedTail => {
    onAnswered();
    return toTail(answer, admitted, networkOf(terms.deployment.chainId));
  };
  const { id } = admitted.paid;
  if (admitted.isAnswered) {
    const answer = entered(await desk.recall(id));
    if (question.isStreamed) return streamAnswer(context, repeated(answer), tailOf, onError);
    return whole(context, answer, tailOf(answer));
  }
  const answering = startAnswering(desk, ware, question, admitted);
  if (question.isStreamed) {
    const first = await firstOf(answering, context.req.raw.signal, onError);
    let isFirst = true;
    const next = async (): ReturnType<typeof answering.next> => {
      if (!isFirst) return answering.next();
      isFirst = false;
      return first;
    };
    return streamAnswer(context, { next, cut: answering.cut }, tailOf, onError);
  }
  let latest = await answering.next();
  while ("chunk" in latest) latest = await answering.next();
  return whole(context, latest.entered, tailOf(latest.entered));
}

/** What comes first of a stream. One whose client goes before that costs nothing, and nobody waits for it. */
async function firstOf(
  answering: Answering,
  signal: AbortSignal,
  onError: (error: Error) => void,
): ReturnType<Answering["next"]> {
  const leave = (): void => void answering.cut(0).catch(onError);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await answering.next();
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** An answer of before, as if it came now. */
function repeated(answer: Entered): Parameters<typeof streamAnswer>[1] {
  const chunks = answer.attested.chunks.values();
  return {
    async next() {
      const { value, done } = chunks.next();
      return done === true ? { entered: answer } : { chunk: value };
    },
    cut: async () => {},
  };
}

function whole(context: Context, { attested }: Entered, tail: AttestedTail): Response {
  context.header("payment-response", toHeader(tail));
  context.header("content-type", "application/json");
  return context.body(attested.chunks.join(""));
}

/** x402's settlement, with what shows that the answer is the enclave's, and what it cost. */
export type AttestedTail = ReturnType<typeof toTail>;

function toTail(
  { id, request, salt, output, charge, receipt, attested: { transcript, signature, isSimulated } }: Entered,
  { paid, transaction }: Admitted,
  network: ReturnType<typeof networkOf>,
) {
  const payer = paid.kind === "vault" ? paid.authorization.from : request.payer;
  const parts = {
    output,
    charge: charge.toString(),
    receipt: toCompactHex(receipt),
    salt: numberToHex(salt, { size: 32 }),
  };
  return {
    success: true,
    payer,
    transaction: transaction ?? "",
    network,
    amount: charge.toString(),
    extensions: {
      assay: { id, request: requestToWire(request), ...parts, transcript, signature, simulated: isSimulated },
    },
  };
}

function offerFor(
  { ware: { id, manifest, sale }, question }: PricedQuestion,
  { terms, provider }: AttestedOptions,
): Offer {
  return {
    escrow: terms.deployment.escrow,
    provider,
    verifier: sale.verifier,
    model: id,
    price: capFor(manifest, question),
    // Nobody can tell who settles it: an enclave's signature fits any prover's fill.
    proverFee: 0n,
    penalty: sale.penalty,
    timeout: sale.timeout,
  };
}

function askedOf(order: PricedQuestion, options: AttestedOptions): Asked {
  return {
    offer: offerFor(order, options),
    commit: (salt) => commit(order, salt),
    fields: [],
    salt: order.salt,
    heldSeconds: HELD_SECONDS,
    answersUntil: order.until,
  };
}

function commit({ question }: PricedQuestion, salt: bigint): Hex {
  return hashInput(question.body, numberToHex(salt, { size: 32 }));
}

function price(context: Context, order: PricedQuestion, options: AttestedOptions, problem: Problem): Response {
  const { manifest } = order.ware;
  const salt = order.salt ?? hexToBigInt(bytesToHex(randomBytes(32)));
  const priced = {
    offer: offerFor(order, options),
    input: commit(order, salt),
    salt: numberToHex(salt, { size: 32 }),
    isDrawn: order.salt === undefined,
    payer: order.payer,
    path: ROUTES[manifest.kind],
    description: `${manifest.name}: ${manifest.purpose}`,
  };
  return askForPayment(context, priced, options, problem);
}

function parseBody(text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Problem("malformed-body", "The body is not JSON.");
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new Problem("malformed-body", "The body is not an object.");
  }
  return content as Record<string, unknown>;
}

function questionOf({ manifest }: AttestedWare, body: Record<string, unknown>): Question {
  try {
    return readQuestion(manifest, body);
  } catch (error) {
    throw new Problem("bad-input", (error as Error).message, { cause: error });
  }
}

/** Bodies are the OpenAI API's, so what is Assay's own is in headers. */
function saltIn(context: Context): bigint | undefined {
  const salt = context.req.header("assay-salt");
  if (salt === undefined) return undefined;
  if (!isHash(salt)) throw new Problem("malformed-body", "The header assay-salt must have 32 bytes in hex.");
  return hexToBigInt(salt);
}

function payerIn(context: Context): Address | undefined {
  const payer = context.req.header("assay-payer");
  if (payer === undefined) return undefined;
  if (!isAddress(payer)) throw new Problem("malformed-body", "The header assay-payer must have an address.");
  return getAddress(payer);
}
