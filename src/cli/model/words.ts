/** What several commands say. */
import type { Answer, OpenModel } from "../../model/bundle/open.ts";

/** What an answer means. */
export function answerLine({ manifest: { output } }: OpenModel, { value }: Answer): string {
  const unit = output.unit === undefined ? "" : ` (${output.unit})`;
  return `${output.name}${unit}: ${[value].flat().join(", ")}`;
}

/** What has to be kept to open the commitment, where there is one. */
export function saltLines({ manifest: { input } }: OpenModel, { salt }: Answer): string[] {
  return input.visibility === "hidden" ? [`salt     ${salt}, to be kept: it opens the commitment`] : [];
}
