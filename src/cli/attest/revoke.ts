/** `assay attest revoke`: takes back what attesters said of a key, or of all keys of some code. */
import { parseArgs } from "node:util";

import { isHash, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { addressOption } from "../options.ts";
import { confirm } from "../terminal.ts";
import { keyOf } from "../tab/role.ts";
import { TRANSACT_OPTIONS } from "../tab/transact.ts";
import { print, required, UsageError } from "../usage.ts";
import { actText, signAct, type Act } from "./act.ts";
import { isMeasurementRevoked, publishedAs, readKey } from "./known.ts";
import { findAttestPlace, PLACE_OPTIONS, type AttestPlace } from "./place.ts";
import { gatherQuorum } from "./quorum.ts";
import { requireAttester } from "./sign.ts";
import { readSigned, writeSigned, type SignedAct } from "./signed-file.ts";
import { submitQuorum } from "./submit.ts";

export async function revokeCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...PLACE_OPTIONS,
      ...TRANSACT_OPTIONS,
      out: { type: "string" },
      with: { type: "string", multiple: true, default: [] },
    },
    allowPositionals: true,
  });
  const act = actOf(positionals);
  const { out, json, yes } = values;
  if (out !== undefined && values.with.length > 0) {
    throw new UsageError("--with is for submitting, and --out for signing alone.");
  }
  const place = await findAttestPlace(values, process.env);
  await checkSense(act, place);
  const privateKey = await keyOf("attester", values.keystore, place.config);
  const account = privateKeyToAccount(privateKey);
  await requireAttester(place, account.address);
  const own: SignedAct = {
    file: out ?? "the own key",
    act,
    signature: await signAct(act, place, account),
    evidence: undefined,
  };
  if (out === undefined) {
    const others = await Promise.all(values.with.map(async (file) => readSigned(file, place)));
    await submitQuorum(place, await gatherQuorum(place, [own, ...others]), privateKey, values);
    return;
  }
  const question = `Sign as ${account.address} to ${actText(act)}, at ${place.verifier} on chain ${place.chainId}?`;
  if (!place.isLocal && !yes && !(await confirm(question))) throw new NotSignedError();
  await writeSigned(own, place);
  const text = `Wrote ${out}: ${account.address} signs to ${actText(act)}.`;
  print(json ? JSON.stringify({ file: out, attester: account.address, ...act, verifier: place.verifier }) : text);
}

function actOf([what, value, ...more]: readonly string[]): Act {
  if (more.length > 0) throw new UsageError(`Name one key or one measurement, and not ${more.join(", ")}.`);
  if (what === "key") return { kind: "key-revocation", key: required("An address", addressOption("key", value)) };
  if (what !== "measurement") throw new UsageError('Say "revoke key ADDRESS" or "revoke measurement HASH".');
  if (value === undefined || !isHash(value)) {
    throw new UsageError(`measurement takes 32 bytes in hex, got ${JSON.stringify(value)}.`);
  }
  return { kind: "measurement-revocation", measurement: value.toLowerCase() as Hex };
}

/** Refuses what would revoke nothing, while whoever wants it would think that it did. */
async function checkSense(act: Act, place: AttestPlace): Promise<void> {
  if (act.kind === "key-revocation" && (await readKey(place, act.key)).isRevoked) {
    throw new RevokedAlreadyError(act.key);
  }
  if (act.kind !== "measurement-revocation") return;
  const { measurement } = act;
  if (await isMeasurementRevoked(place, measurement)) throw new RevokedAlreadyError(measurement);
  const meant = await publishedAs(place, measurement);
  if (meant !== undefined) throw new ModelNotMeasurementError(measurement, meant);
}

/** Whoever was asked said no. */
export class NotSignedError extends Error {
  override readonly name = "NotSignedError";

  constructor() {
    super("Nothing was signed, because you did not say yes.");
  }
}

/** There is nothing left to revoke. */
export class RevokedAlreadyError extends Error {
  override readonly name = "RevokedAlreadyError";

  constructor(value: Hex) {
    super(`${value} is revoked already, for good. There is nothing left to do.`);
  }
}

/** A model's id was given where its measurement is meant. */
export class ModelNotMeasurementError extends Error {
  override readonly name = "ModelNotMeasurementError";

  constructor(model: Hex, measurement: Hex) {
    super(`${model} is a model, and its measurement is ${measurement}. Revoking the model's id would revoke nothing.`);
  }
}
