/** What `assay ceremony` says to people. */
import type { Hex } from "viem";

import { FINAL_FILES } from "../model/ceremony/finish.ts";
import type { FinalHashes } from "../model/ceremony/finish.ts";
import type { Contribution } from "../model/ceremony/key-file.ts";
import { phase1By } from "../model/ceremony/known-phase1.ts";
import { isDevelopmentSetup } from "../model/development-setup.ts";
import type { Transcript } from "../model/ceremony/transcript.ts";
import type { CeremonyReport } from "../model/ceremony/verify.ts";
import { DEVELOPMENT } from "./development.ts";

export function startedText(folder: string, { phase1, circuit, key }: Transcript): string {
  return lines(
    `Started in ${folder}, on ${phase1By(phase1.blake2b)?.name}.`,
    isDevelopmentSetup(phase1.sha256) && DEVELOPMENT,
    `circuit  ${circuit}`,
    `key      ${key.file}, which anyone can forge with until somebody contributes`,
  );
}

export function contributedText(file: string, contribution: Contribution): string {
  return lines(
    `Wrote ${file}. Publish this hash under your own name, so that others can find it in the transcript:`,
    formatHash(contribution.hash),
  );
}

export function closedText(file: string, beacon: Contribution): string {
  return lines(`Wrote ${file}, to which nothing can be added any more:`, formatContribution(beacon));
}

export function acceptedText(contributions: readonly Contribution[]): string {
  return lines(`Took in ${contributions.length}:`, ...contributions.map(formatContribution));
}

export function verifiedText(report: CeremonyReport): string {
  const { size, phase1, contributions, isDevelopment, isClosed, isForgeable } = report;
  return lines(
    `The key verifies: ${size.constraints} constraints on ${phase1.name}.`,
    isDevelopment && DEVELOPMENT,
    ...contributions.map(formatContribution),
    isForgeable &&
      isClosed &&
      "FORGEABLE: nobody but a beacon contributed, and a beacon is public. Never use this key.",
    isForgeable && !isClosed && "Nobody has contributed yet: anyone can forge with this key.",
    !isForgeable && "It is as good as the most honest contributor: ask one whom you trust for the hash above.",
    !isClosed && "No beacon has closed it.",
  );
}

export function finishedText(folder: string, { isDevelopment }: CeremonyReport, hashes: FinalHashes): string {
  return lines(
    `Exported to ${folder}.`,
    isDevelopment && DEVELOPMENT,
    `${FINAL_FILES.provingKey}      ${hashes.provingKey}`,
    `${FINAL_FILES.verificationKey}  ${hashes.verificationKey}`,
  );
}

function formatContribution({ kind, name, hash, beacon }: Contribution): string {
  const what = beacon === undefined ? name : `${beacon.value}, hashed 2^${beacon.iterations} times`;
  return lines(`${kind}: ${what}`, formatHash(hash));
}

/** In the groups that snarkjs prints. */
function formatHash(hash: Hex): string {
  const words = hash.slice(2).match(/.{8}/g) ?? [];
  return [0, 4, 8, 12].map((first) => `    ${words.slice(first, first + 4).join(" ")}`).join("\n");
}

function lines(...texts: readonly (string | false)[]): string {
  return texts.filter((text) => text !== false).join("\n");
}
