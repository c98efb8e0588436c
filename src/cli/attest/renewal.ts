/** One round of an attester that stays: the enclave is checked anew, and enrolled anew when it is time. */
import { isAddressEqual, type Address, type Hex } from "viem";

import type { Sender, Sent } from "../../chain/send.ts";
import { callOf, checkDone } from "./act.ts";
import { assess, type Assessed } from "./assess.ts";
import { fetchEvidence } from "./evidence.ts";
import { latestExpiry } from "./offer.ts";
import { policyIn, type AttestPlace } from "./place.ts";
import { gatherQuorum } from "./quorum.ts";
import { readOther, signAssessed } from "./sign.ts";
import { readSigned } from "./signed-file.ts";

export type RoundOptions = {
  readonly place: AttestPlace;
  readonly gateway: string;
  readonly model: string | undefined;
  readonly privateKey: Hex;
  readonly sender: Sender;
  /** What other attesters signed, read anew in each round. */
  readonly others: readonly string[];
  readonly until: number | undefined;
  /** Seconds before its expiry at which an enrolment is renewed; half of what a new one would have, by default. */
  readonly renewBefore: number | undefined;
  readonly signal: AbortSignal;
};

/** What a round came to. */
export type Round = {
  readonly key: Address;
  readonly expiry: number;
  readonly isSimulated: boolean;
  /** Of a round that enrolled the key, or let it live longer. */
  readonly sent: Sent | undefined;
};

export async function playRound(options: RoundOptions): Promise<Round> {
  const { place, gateway, model, privateKey, sender, others, until, renewBefore, signal } = options;
  const live = await assess(place, policyIn(place), await fetchEvidence(gateway, model, signal));
  const { key } = live.enclave.statement;
  const { isSimulated } = live.enclave;
  const [first] = others;
  const shown = first === undefined ? undefined : await readOther(place, first);
  const signedFor = shown?.other.key ?? key;
  if (!isAddressEqual(signedFor, key)) throw new OtherKeyError(signedFor, key);
  const offered = shown?.other.expiry ?? latestExpiry(place, live, until);
  const { enrolled } = live.known;
  if (enrolled !== undefined && !isDue(live, offered, renewBefore)) {
    return { key, expiry: enrolled.expiry, isSimulated, sent: undefined };
  }
  const assessed = shown === undefined ? live : await assess(place, policyIn(place), shown.evidence);
  const wish = { other: shown?.other, until, file: "the own key" };
  const signed = await signAssessed(place, privateKey, assessed, wish);
  const rest = await Promise.all(others.map(async (file) => readSigned(file, place)));
  const { act, signatures } = await gatherQuorum(place, [signed, ...rest]);
  const sent = await sender.send(callOf(act, place, signatures));
  await checkDone(act, place, sent.transaction);
  return { key, expiry: offered, isSimulated, sent };
}

function isDue({ known: { enrolled, isLive }, headTime }: Assessed, offered: number, renewBefore?: number): boolean {
  if (enrolled === undefined || !isLive) return true;
  if (offered <= enrolled.expiry) return false;
  return enrolled.expiry - headTime < (renewBefore ?? (offered - headTime) / 2);
}

/** What others signed is of an enclave that is not there any more. */
export class OtherKeyError extends Error {
  override readonly name = "OtherKeyError";

  constructor(signed: Address, shown: Address) {
    super(
      `The other attesters signed for the key ${signed}, and the enclave has ${shown} now. Ask them for new files.`,
    );
  }
}
