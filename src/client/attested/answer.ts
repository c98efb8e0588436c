/** Whether an attested answer is the enclave's that was checked before, to the very question, at the price that it took. */
import { isAddressEqual, type Hex } from "viem";

import type { CheckedEnclave } from "../../enclave/check.ts";
import { canonicalJson } from "../../protocol/canonical-json.ts";
import { chargeFor, extendChain, hashTranscript, startChain, type Transcript } from "../../enclave/transcript.ts";
import { recoverAnswer } from "../../protocol/attested.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import type { Request } from "../../protocol/request.ts";
import type { Signature } from "../../protocol/signature.ts";
import { networkOf } from "../../x402/scheme.ts";
import { evidenceOf, WrongChargeError } from "../answer.ts";
import type { Escrow } from "../chain.ts";
import type { Desk } from "../desk.ts";
import { whenAsked, type Settlement } from "../settlements.ts";
import type { Tail } from "./messages.ts";
import type { AttestedOrder, JsonObject } from "./order.ts";
import { UnfinishedError } from "./unfinished.ts";
import { differenceInUsage } from "./usage.ts";

/** An answer that an enclave signed for, and all that shows it. */
export type AttestedAnswer<Response = JsonObject> = {
  readonly id: Hex;
  /** In the OpenAI API's form; all chunks of one that was streamed. */
  readonly response: Response;
  readonly request: Request;
  readonly receipt: Receipt & { readonly signature: Signature };
  /** What the enclave signed for; its `end` says whether the answer is all there. */
  readonly transcript: Transcript;
  readonly enclave: CheckedEnclave;
  /** Whether no platform vouches for the enclave, so that this proves nothing. */
  readonly isSimulated: boolean;
  /** Keep it to show later what was asked; who has it can guess the body. */
  readonly salt: Hex;
  /** As of any answer: see `Answer`. */
  readonly settled: Promise<Settlement>;
};

/** What came of an answer: its chunks, to the byte, and what each of them says. */
export type Arrived<Response> = {
  readonly texts: readonly string[];
  readonly answers: readonly JsonObject[];
  readonly response: Response;
  readonly tail: Tail;
};

/** Keeps what the provider signed, and then believes the answer or not. */
export async function acceptAnswer<Response>(
  { escrow, settlements, book }: Desk,
  order: AttestedOrder,
  { texts, answers, response, tail }: Arrived<Response>,
): Promise<AttestedAnswer<Response>> {
  const { assay } = tail.extensions;
  const evidence = await evidenceOf(order, assay, escrow);
  // Before anything else can fail: a false answer that was signed for is worth a penalty.
  await book.keep(evidence).catch((cause: unknown) => {
    throw new UnfinishedError(order, { cause });
  });
  await checkTail(order, tail, escrow);
  checkTranscript(order, assay.transcript, texts, answers, escrow);
  const { id, request, output, charge, receipt: signature } = evidence;
  const { enclave } = order.model;
  const settled = whenAsked(settlements, evidence);
  return {
    id,
    response,
    request,
    receipt: { request: id, output, charge, signature },
    transcript: assay.transcript,
    enclave,
    isSimulated: enclave.isSimulated,
    salt: order.salt,
    get settled() {
      return settled();
    },
  };
}

/** The enclave's signature, by the very key that was checked before anything was sent. */
async function checkTail({ id, request, salt, model: { enclave } }: AttestedOrder, tail: Tail, escrow: Escrow) {
  const { output, charge, signature, simulated, salt: theirs, transcript } = tail.extensions.assay;
  const { chainId, verifier, key } = enclave.statement;
  const claim = { request: id, model: request.model, input: request.input, output, charge };
  const signer = await recoverAnswer(claim, { chainId, verifier }, signature).catch(() => null);
  if (signer === null || !isAddressEqual(signer, key)) throw new ForgedAnswerError(id, key);
  // What settling would skip as malformed can never be slashed either.
  if (charge === 0n || charge > request.price) throw new WrongChargeError(id, charge, request.price);
  const refuse = refusing(id);
  if (hashTranscript(transcript) !== output) refuse("output");
  if (simulated !== enclave.isSimulated) refuse("simulated");
  if (theirs !== salt) refuse("salt");
  const isSame =
    isAddressEqual(tail.payer, request.payer) &&
    tail.network === networkOf(escrow.chainId) &&
    tail.amount === charge &&
    transcript.charge === charge.toString();
  if (!isSame) refuse("settlement");
}

function checkTranscript(
  { id, request, question, model: { listing } }: AttestedOrder,
  transcript: Transcript,
  texts: readonly string[],
  answers: readonly JsonObject[],
  { chainId, address }: Escrow,
): void {
  const refuse = refusing(id);
  const { manifest } = listing;
  const { response, usage, price } = transcript;
  if (transcript.chainId !== chainId) refuse("chain");
  if (!isAddressEqual(transcript.escrow, address)) refuse("escrow");
  if (transcript.request !== id) refuse("request");
  if (transcript.model !== request.model) refuse("model");
  if (transcript.input !== request.input) refuse("input");
  if (canonicalJson(price) !== canonicalJson(manifest.price)) refuse("price");
  if (response.chunks !== texts.length) refuse("chunks");
  if (response.head !== texts.reduce(extendChain, startChain(id, request.input))) refuse("head");
  if (transcript.end === "cut" && !question.isStreamed) refuse("end");
  const difference = differenceInUsage(usage, texts, answers, question, manifest);
  if (difference !== undefined) refuse("usage", difference);
  const metered = chargeFor(price, usage);
  const owed = metered < request.price ? metered : request.price;
  if (BigInt(transcript.charge) !== owed) refuse("charge", `it charges ${transcript.charge} for what costs ${owed}`);
}

function refusing(id: Hex): (because: FalseAnswer, details?: string) => never {
  return (because, details) => {
    throw new FalseAnswerError(id, because, details);
  };
}

const REASONS = {
  chain: "its transcript is of another chain",
  charge: "its charge is not what its tokens cost",
  chunks: "its transcript is of more chunks, or fewer, than arrived",
  end: "its transcript says that it was cut, and it was not streamed",
  escrow: "its transcript is of another escrow",
  head: "its transcript is of other chunks than arrived",
  input: "its transcript is of another question",
  model: "its transcript is of another model",
  output: "its transcript is not the one that was signed",
  price: "its transcript has other prices than the model",
  request: "its transcript is of another request",
  salt: "its salt is another than was sent",
  settlement: "what came with it says otherwise who pays what",
  simulated: "the gateway says otherwise who attests",
  usage: "its usage is not that of what arrived",
} as const;

export type FalseAnswer = keyof typeof REASONS;

/** An answer is not what its enclave should have signed for. */
export class FalseAnswerError extends Error {
  override readonly name = "FalseAnswerError";
  readonly because: FalseAnswer;

  constructor(id: Hex, because: FalseAnswer, details = "") {
    const reason = details === "" ? REASONS[because] : `${REASONS[because]}: ${details}`;
    super(`The answer to ${id} is refused: ${reason}. Do not rely on it, nor on chunks of it that were read already.`);
    this.because = because;
  }
}

/** An answer is not signed by the enclave that was checked. */
export class ForgedAnswerError extends Error {
  override readonly name = "ForgedAnswerError";

  constructor(id: Hex, key: string) {
    super(
      `The answer to ${id} is not signed by the enclave's key ${key}. It could never settle. Do not rely on it, nor on ` +
        "chunks of it that were read already.",
    );
  }
}
