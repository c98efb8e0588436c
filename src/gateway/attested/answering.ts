/** The way of an attested answer: from the enclave, chunk by chunk, into the journal, and never signed for unchecked. */
import { isAddressEqual, numberToHex, type Address, type Hex } from "viem";

import type { Question } from "../../enclave/question.ts";
import { extendChain, hashTranscript, startChain } from "../../enclave/transcript.ts";
import { digestOfAnswer } from "../../protocol/attested.ts";
import type { Request } from "../../protocol/request.ts";
import { fromHex, type Signature } from "../../protocol/signature.ts";
import type { AttestedAnswer } from "../../store/journal.ts";
import type { Admitted, Desk, Recalled } from "../desk.ts";
import { Problem } from "../problem.ts";
import { recoverSigner } from "../secp256k1.ts";
import { EnclaveRefusesError } from "./enclave-link.ts";
import type { AttestedWare } from "./enclaves.ts";

/** An answer in the journal, with the provider's signature. */
export type Entered = {
  readonly id: Hex;
  readonly request: Request;
  readonly salt: bigint;
  readonly output: Hex;
  readonly charge: bigint;
  readonly receipt: Signature;
  readonly attested: AttestedAnswer;
};

export type Answering = {
  /** The next chunk, or what was entered when there are no more. What fails gives the money back. */
  readonly next: () => Promise<{ readonly chunk: string } | { readonly entered: Entered }>;
  /** The client is gone: what was delivered is charged, and kept for when it asks again. */
  readonly cut: (delivered: number) => Promise<void>;
};

/** Codes of the enclave that are the question's fault. */
const QUESTIONS_FAULT = new Set(["bad-question", "upstream-refused", "body-too-large"]);

export function startAnswering(
  desk: Desk,
  ware: AttestedWare,
  question: Question,
  { paid: { id, request }, salt }: Admitted,
): Answering {
  const { key } = ware.evidence().statement;
  const leaving = new AbortController();
  const order = { id, request, body: question.body, salt: numberToHex(salt, { size: 32 }) };
  const stream = ware.link.answer(order, leaving.signal);
  const chunks: string[] = [];
  let isCut = false;

  /** Nothing is signed in the enclave before it knows how much of it was delivered. */
  const enter = async (delivered: number): Promise<Entered> => {
    const end = await ware.link.end(id, delivered);
    const attested = { ...end, chunks: chunks.slice(0, end.transcript.response.chunks), isSimulated: ware.isSimulated };
    const answer = { id, output: hashTranscript(end.transcript), charge: BigInt(end.transcript.charge), attested };
    checkEnd(attested, { ...answer, request, ware, key });
    const receipt = await desk.enter(answer);
    return receipt === undefined ? entered(await desk.recall(id)) : { ...answer, request, salt, receipt };
  };
  const giveUp = async (error: unknown): Promise<never> => {
    leaving.abort();
    await desk.abandon(id);
    throw toProblem(error);
  };

  return {
    async next() {
      try {
        const { value, done } = await stream.next();
        if (done === true) return { entered: await enter(chunks.length) };
        chunks.push(value);
        return { chunk: value };
      } catch (error) {
        // Whoever cuts sees to the money.
        if (isCut) throw error;
        return giveUp(error);
      }
    },
    async cut(delivered) {
      isCut = true;
      leaving.abort();
      if (delivered === 0) {
        await desk.abandon(id);
        return;
      }
      try {
        await enter(delivered);
      } catch (error) {
        await giveUp(error);
      }
    },
  };
}

/** A row of the journal as what was entered. */
export function entered({ id, request, salt, output, charge, receipt, attested }: Recalled): Entered {
  // A circuit's answer has another model, and so another request.
  if (attested === undefined) throw new Problem("unknown-request", "This request was not answered by an enclave.");
  return { id, request, salt, output, charge, receipt, attested };
}

type Expected = {
  readonly id: Hex;
  readonly output: Hex;
  readonly charge: bigint;
  readonly request: Request;
  readonly ware: AttestedWare;
  readonly key: Address;
};

/** Whoever signs a receipt for an answer that cannot be verified pays the penalty: so nothing here is left to the enclave. */
function checkEnd(
  { transcript, signature, chunks }: AttestedAnswer,
  { id, output, charge, request, ware, key }: Expected,
): void {
  const head = chunks.reduce(extendChain, startChain(id, request.input));
  const isOfThis =
    transcript.request === id &&
    transcript.model === ware.id &&
    transcript.input === request.input &&
    transcript.response.chunks === chunks.length &&
    transcript.response.head === head;
  if (!isOfThis) throw new FalseEndError(id, "its transcript is not of what it answered");
  if (charge > request.price) throw new FalseEndError(id, `it charges ${charge} of at most ${request.price}`);
  const claim = { request: id, model: ware.id, input: request.input, output, charge };
  const { chainId } = transcript;
  const verifier = { chainId, verifier: ware.sale.verifier };
  if (isSigned(digestOfAnswer(claim, verifier), signature, key)) return;
  throw new FalseEndError(id, `it is not signed by ${key}`);
}

function isSigned(digest: Hex, signature: Hex, key: Address): boolean {
  try {
    return isAddressEqual(recoverSigner(digest, fromHex(signature)), key);
  } catch {
    // No point of the curve: nobody signed.
    return false;
  }
}

function toProblem(error: unknown): Error {
  if (error instanceof Problem) return error;
  if (error instanceof EnclaveRefusesError && QUESTIONS_FAULT.has(error.code)) {
    return new Problem("bad-input", error.detail, { cause: error });
  }
  const detail = "Nothing was charged: ask again.";
  return new Problem("enclave-failed", detail, { cause: error });
}

/** An enclave signed for something else than it answered. */
export class FalseEndError extends Error {
  override readonly name = "FalseEndError";

  constructor(id: Hex, reason: string) {
    super(`The enclave's answer to ${id} is refused: ${reason}. Nothing is charged for it.`);
  }
}
