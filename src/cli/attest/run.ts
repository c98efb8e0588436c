/** `assay attest run`: an attester that stays, and lets an enclave's key live for as long as its checks hold. */
import { parseArgs } from "node:util";

import { privateKeyToAddress } from "viem/accounts";

import { pause } from "../../chain/patience.ts";
import { startSender } from "../../chain/send.ts";
import { errorDetails } from "../../gateway/log.ts";
import { processLog, runUntilSignal } from "../serve/run.ts";
import { keyOf } from "../tab/role.ts";
import { sentJson, sentLine } from "../tab/transact.ts";
import { timeText } from "../tab/show.ts";
import { only, print, wholeNumber } from "../usage.ts";
import { gatewayOption } from "./evidence.ts";
import { untilOption } from "./offer.ts";
import { findAttestPlace, PLACE_OPTIONS, policyIn } from "./place.ts";
import { TooFewAttestersError } from "./quorum.ts";
import { playRound, type Round, type RoundOptions } from "./renewal.ts";
import { requireAttester } from "./sign.ts";

const POLLING_MS = { local: 50, elsewhere: 1_000 };

export async function runCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...PLACE_OPTIONS,
      model: { type: "string" },
      until: { type: "string" },
      with: { type: "string", multiple: true, default: [] },
      keystore: { type: "string" },
      interval: { type: "string", default: "60" },
      "renew-before": { type: "string" },
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const gateway = gatewayOption(only(positionals, "a gateway's address"));
  const seconds = wholeNumber("--interval", values.interval);
  const before = values["renew-before"];
  const renewBefore = before === undefined ? undefined : wholeNumber("--renew-before", before);
  const until = untilOption(values.until);
  const place = await findAttestPlace(values, process.env);
  policyIn(place);
  const count = 1 + values.with.length;
  if (count < place.threshold) throw new TooFewAttestersError(count, place.threshold);
  const privateKey = await keyOf("attester", values.keystore, place.config);
  const attester = privateKeyToAddress(privateKey);
  await requireAttester(place, attester);
  const { client, rpc, isLocal, config, verifier, chainId } = place;
  const pollMs = isLocal ? POLLING_MS.local : POLLING_MS.elsewhere;
  const confirmations = config?.chain.confirmations ?? 1;
  const sender = await startSender({ client, rpc, privateKey, confirmations, pollMs });
  const end = new AbortController();
  const options: RoundOptions = {
    place,
    gateway,
    model: values.model,
    privateKey,
    sender,
    others: values.with,
    until,
    renewBefore,
    signal: end.signal,
  };
  if (values.once) {
    try {
      const round = await playRound(options);
      print(values.json ? JSON.stringify(jsonOf(round)) : textOf(round));
    } finally {
      await sender.stop();
    }
    return;
  }
  const running = renew(options, seconds);
  await runUntilSignal({ attester, gateway, verifier, chainId }, async () => {
    end.abort();
    await sender.stop();
    await running;
  });
}

/** Whatever is wrong with enclave, gateway or chain may be right again in the next round. */
async function renew(options: RoundOptions, seconds: number): Promise<void> {
  const { signal } = options;
  let told = 0;
  while (!signal.aborted) {
    try {
      const round = await playRound(options);
      if (round.sent !== undefined || round.expiry !== told) processLog("info", eventOf(round), jsonOf(round));
      told = round.expiry;
    } catch (error) {
      if (signal.aborted) return;
      told = 0;
      processLog("warning", "not-renewed", errorDetails(error));
    }
    await pause(seconds * 1_000, signal);
  }
}

function eventOf({ sent }: Round): string {
  return sent === undefined ? "holds" : "enrolled";
}

function jsonOf({ key, expiry, isSimulated, sent }: Round) {
  const transaction = sent === undefined ? { transaction: null } : sentJson(sent);
  return { key, expiry, simulated: isSimulated, ...transaction };
}

function textOf({ key, expiry, isSimulated, sent }: Round): string {
  const words = sent === undefined ? "There is nothing to renew yet: enrolled" : "Enrolled";
  const line = `${isSimulated ? "SIMULATED. " : ""}${words} ${key} until ${timeText(expiry)}.`;
  return sent === undefined ? line : `${line}\n${sentLine(sent)}`;
}
