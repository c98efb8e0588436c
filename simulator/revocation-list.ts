/** Lists of revoked certificates, signed by the authority that issued those. */
import { algorithmOf, authorityKeyOf, extensionOf, nameOf, signed, type Certified } from "./certificate.ts";
import { enumerated, explicit, integer, sequence, time } from "./der.ts";

/** What a list is to say. Times are seconds of Unix time. */
export type RevocationPlan = {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly bigint[];
};

const KEY_COMPROMISE = 1;

export function revocationList(issuer: Certified, { thisUpdate, nextUpdate, revoked }: RevocationPlan): Buffer {
  const reason = extensionOf({ oid: "2.5.29.21", value: enumerated(KEY_COMPROMISE) });
  const entries = revoked.map((serial) => sequence(integer(serial), time(thisUpdate), sequence(reason)));
  const number = extensionOf({ oid: "2.5.29.20", value: integer(1) });
  const body = sequence(
    integer(1),
    algorithmOf(issuer.curve),
    nameOf(issuer.subject),
    time(thisUpdate),
    time(nextUpdate),
    // A list of nothing is left out (RFC 5280, section 5.1.2.6).
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    explicit(0, sequence(number, extensionOf(authorityKeyOf(issuer.publicKey)))),
  );
  return signed(body, issuer);
}
