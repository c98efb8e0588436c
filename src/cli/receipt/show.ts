/** `assay receipt show`: what a receipt says, of which nothing is checked. */
import { dollarsText } from "../config/dollars.ts";
import { timeText } from "../tab/show.ts";
import { print } from "../usage.ts";
import { formatReceipt, type ReceiptFile } from "./file.ts";

export function showReceipt(file: ReceiptFile, { json }: { readonly json: boolean }): void {
  if (json) {
    print(JSON.stringify(JSON.parse(formatReceipt(file))));
    return;
  }
  const { evidence, manifest, value, chainId, escrow, inclusion, input } = file;
  const { request, charge, id, output } = evidence;
  const { unit, name } = manifest.output;
  const answer = value === null ? "not what the provider signed for" : [value].flat().join(", ");
  const lines = [
    `${name}${unit === undefined ? "" : ` (${unit})`}: ${answer}`,
    `asked       ${JSON.stringify(input)}`,
    `model       ${manifest.name}  ${request.model}`,
    `request     ${id}`,
    `output      ${output}`,
    `charge      ${dollarsText(charge)} of at most ${dollarsText(request.price)}`,
    `payer       ${request.payer}`,
    `provider    ${request.provider}, who loses up to ${dollarsText(request.penalty)} if it is not proven`,
    `deadline    ${timeText(request.deadline)}`,
    `escrow      ${escrow} on chain ${chainId}`,
    `commitment  ${inclusion === null ? "none in the file" : inclusion.root}`,
    "Nothing of this was checked: assay receipt verify does.",
  ];
  print(lines.join("\n"));
}
