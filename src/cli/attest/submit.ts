/** `assay attest submit`: takes what attesters signed to the chain. */
import { parseArgs } from "node:util";

import type { Hex } from "viem";

import type { Sent } from "../../chain/send.ts";
import { keyOf, roleOption } from "../tab/role.ts";
import { carryOut, sentJson, sentLine, TRANSACT_OPTIONS, type Terms } from "../tab/transact.ts";
import { print, UsageError } from "../usage.ts";
import { actText, callOf, checkDone } from "./act.ts";
import { findAttestPlace, PLACE_OPTIONS, type AttestPlace } from "./place.ts";
import { gatherQuorum, type Quorum } from "./quorum.ts";
import { readSigned } from "./signed-file.ts";

export async function submitCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...PLACE_OPTIONS, ...TRANSACT_OPTIONS, as: { type: "string" } },
    allowPositionals: true,
  });
  const [first, ...others] = positionals;
  if (first === undefined) throw new UsageError("Name the files that attesters signed.");
  const role = roleOption(values.as) ?? "attester";
  const place = await findAttestPlace(values, process.env);
  const signed = await Promise.all(others.map(async (file) => readSigned(file, place)));
  const quorum = await gatherQuorum(place, [await readSigned(first, place), ...signed]);
  const privateKey = await keyOf(role, values.keystore, place.config);
  await submitQuorum(place, quorum, privateKey, values);
}

/** Sends it, makes sure that it counts, and says so. */
export async function submitQuorum(
  place: AttestPlace,
  quorum: Quorum,
  privateKey: Hex,
  output: Terms & { readonly json: boolean },
): Promise<void> {
  const { act, signatures, signers } = quorum;
  const words = actText(act);
  const question = `Let ${signers.join(", ")} ${words}, at ${place.verifier} on chain ${place.chainId}?`;
  const sent: Sent = await carryOut(place, { privateKey, calls: [callOf(act, place, signatures)], question }, output);
  await checkDone(act, place, sent.transaction);
  const found = { ...act, verifier: place.verifier, signers, ...sentJson(sent) };
  print(output.json ? JSON.stringify(found) : `Done: ${words}.\n${sentLine(sent)}`);
}
