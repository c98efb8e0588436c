/** `assay attest status`: what a verifier knows of a key, or of a model and its measurement. */
import { parseArgs } from "node:util";

import { isHash, type Address, type Hex } from "viem";

import { addressOption } from "../options.ts";
import { timeText } from "../tab/show.ts";
import { only, print, UsageError } from "../usage.ts";
import { isMeasurementRevoked, publishedAs, readKey, type KnownKey } from "./known.ts";
import { findAttestPlace, PLACE_OPTIONS, type AttestPlace } from "./place.ts";
import { platformOfNumber, row } from "./words.ts";

export async function statusCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...PLACE_OPTIONS, json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const what = only(positionals, "the address of a key, or the id of a model");
  const key = isHash(what) ? undefined : addressOption("status", what);
  if (key === undefined && !isHash(what)) throw new UsageError("status takes an address or 32 bytes in hex.");
  const place = await findAttestPlace(values, process.env);
  const found = key === undefined ? await ofWord(place, what.toLowerCase() as Hex) : await ofKey(place, key);
  const { chainId, verifier, threshold } = place;
  const text = [...found.lines, row("verifier", `${verifier} on chain ${chainId}, which asks for ${threshold}`)];
  print(values.json ? JSON.stringify({ ...found.json, chainId, verifier, threshold }) : text.join("\n"));
}

type Found = { readonly json: object; readonly lines: readonly string[] };

async function ofKey(place: AttestPlace, key: Address): Promise<Found> {
  const known = await readKey(place, key);
  const { enrolled, isLive, isRevoked, isCodeRevoked } = known;
  const lines = [row("key", `${key}  ${stateText(known)}`)];
  if (enrolled !== undefined) {
    const { measurement, attestation, platform, expiry } = enrolled;
    lines.push(
      row("platform", platformOfNumber(platform)),
      row("measurement", measurement),
      row("attestation", `${attestation}, the SHA-256 of the document that was checked`),
      row("expires", timeText(expiry)),
    );
  }
  const json = { key, live: isLive, revoked: isRevoked, codeRevoked: isCodeRevoked, enrolled: enrolled ?? null };
  return { json, lines };
}

function stateText({ enrolled, isLive, isRevoked, isCodeRevoked }: KnownKey): string {
  if (isRevoked) return "REVOKED";
  if (isCodeRevoked) return "REVOKED with its measurement";
  if (enrolled === undefined) return "never enrolled";
  return isLive ? "its answers count" : "expired";
}

/** A model has an id, and a measurement looks the same. */
async function ofWord(place: AttestPlace, word: Hex): Promise<Found> {
  const named = await publishedAs(place, word);
  const measurement = named ?? word;
  const revoked = await isMeasurementRevoked(place, measurement);
  const model = named === undefined ? null : word;
  const lines = [
    row("model", named === undefined ? `${word} is not published` : `${word}  published`),
    row("measurement", `${measurement}  ${revoked ? "REVOKED" : "not revoked"}`),
  ];
  return { json: { model, published: named !== undefined, measurement, revoked }, lines };
}
