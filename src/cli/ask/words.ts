/** What `assay ask` prints. */
import type { Answer } from "../../client/ask.ts";
import type { Listing } from "../../client/messages.ts";
import type { Act } from "../../client/watch.ts";
import type { Manifest } from "../../model/manifest/manifest.ts";
import { dollarsText } from "../config/dollars.ts";
import type { Fate } from "./settle.ts";

/** An answer, and what else there is to say of it. */
export type Told = {
  readonly answer: Answer;
  readonly listing: Listing;
  readonly manifest: Manifest;
  readonly milliseconds: number;
  readonly file: string | undefined;
};

export function answerText({ answer, manifest: { output }, milliseconds, file }: Told): string {
  const { value, receipt, request, id } = answer;
  const unit = output.unit === undefined ? "" : ` (${output.unit})`;
  return [
    `${output.name}${unit}: ${[value].flat().join(", ")}`,
    `charge     ${dollarsText(receipt.charge)}, once it is proven`,
    `request    ${id}`,
    `provider   ${request.provider}`,
    `time       ${milliseconds} ms`,
    ...(file === undefined ? [] : [`receipt    ${file}`]),
  ].join("\n");
}

export function answerJson({ answer, listing, manifest, milliseconds, file }: Told) {
  const { id, value, output, receipt, request } = answer;
  return {
    id,
    model: listing.id,
    name: manifest.name,
    value,
    output,
    charge: receipt.charge.toString(),
    provider: request.provider,
    deadline: request.deadline,
    milliseconds,
    receipt: file ?? null,
  };
}

export function fateJson(fate: Fate | undefined, acts: readonly Act[]) {
  if (fate === undefined) return { state: "answered" };
  if (fate.state === "broken") return { state: "broken", reason: fate.reason, acts };
  const { transaction, block, prover } = fate.settlement;
  return { state: "settled", transaction, block: Number(block), prover };
}

export function fateText(fate: Fate, acts: readonly Act[]): string {
  if (fate.state === "settled") return `settled    transaction ${fate.settlement.transaction}`;
  const done = acts.map(({ kind, transaction = "" }) => `${kind.padEnd(10)} ${transaction}`.trimEnd());
  return [`broken     ${fate.reason}`, ...done].join("\n");
}
