/** The enclave's word for an answer: its transcript, and the signature that money moves by. */
import type { Hex } from "viem";

import { signAnswer } from "../protocol/attested.ts";
import { toCompactHex, type Signer } from "../protocol/signature.ts";
import type { ServingPolicy } from "../enclave/statement.ts";
import { hashTranscript, type Transcript } from "../enclave/transcript.ts";
import { billFor } from "./bill.ts";
import type { Marks } from "./marks.ts";
import type { Order } from "./order.ts";

/** How an answer ended, as gateways get it. */
export type End = { readonly transcript: Transcript; readonly signature: Hex };

/** Signs an answer that had so many chunks when it ended. */
export async function signEnd(
  { id, request, manifest, question }: Order,
  { marks, chunks, end }: { readonly marks: Marks; readonly chunks: number; readonly end: Transcript["end"] },
  { chainId, escrow, verifier }: ServingPolicy,
  signer: Signer,
): Promise<End> {
  const mark = marks.at(chunks);
  const { usage, charge } = billFor(manifest, question, request.price, mark);
  const { model, input } = request;
  const transcript: Transcript = {
    version: 1,
    chainId,
    escrow,
    request: id,
    model,
    input,
    response: { head: mark.head, chunks },
    end,
    usage,
    price: manifest.price,
    charge: charge.toString(),
    upstreamModel: mark.model,
  };
  const answer = { request: id, model, input, output: hashTranscript(transcript), charge };
  return { transcript, signature: toCompactHex(await signAnswer(answer, { chainId, verifier }, signer)) };
}
