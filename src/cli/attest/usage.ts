/** What each command of `assay attest` takes, and what it is for. */
export const ATTEST_USAGES = {
  check: `Usage: assay attest check URL [--model ID]

Fetches what the enclave behind a gateway shows, and checks all of it: platform, code, freshness, binding, chain. Exits
with 1 if anything does not hold.

  --model ID          which model's enclave, by id or name, if the gateway has several`,
  sign: `Usage: assay attest sign URL | FILE --out FILE [--model ID] [--until TIME]

Checks an enclave, and signs that its key may be enrolled; or checks what another attester checked, and signs the same.

  --out FILE          where the signature goes, with what was checked
  --model ID          as check takes it
  --until TIME        let the key expire before the enclave's own statement does: a date, or seconds of Unix time`,
  submit: `Usage: assay attest submit FILE... [--as attester|provider|prover|agent]

Takes what enough attesters signed, enrolments or revocations, to the chain. Anybody may.

  --as ROLE           with whose key, which pays for gas (default: attester)`,
  run: `Usage: assay attest run URL [--with FILE]... [--interval S] [--renew-before S] [--once]

Checks, signs and submits, and stays to renew: when the enclave's statement shows a later expiry, and less than half of
the time is left. Everything is checked anew each time. Its log goes to the error stream, a line of JSON each.

  --model ID          as check takes it
  --with FILE         what another attester signed, where it takes more than one; read anew each time
  --interval S        how often to look (default: 60)
  --renew-before S    renew when no more than so many seconds are left
  --until TIME        as sign takes it
  --once              look once, and end`,
  revoke: `Usage: assay attest revoke key ADDRESS [--out FILE | --with FILE...]
       assay attest revoke measurement HASH [--out FILE | --with FILE...]

Revokes a key, or some code and with it all its keys, for good.

  --out FILE          sign only, for somebody to submit
  --with FILE         what another attester signed, where it takes more than one`,
  publish: `Usage: assay attest publish URL [--model ID] [--uri URI] [--as provider|attester|prover|agent]

Makes an enclave's models known to the verifier, those that are not yet. Anybody may.

  --uri URI           where their manifests can be had, bound to nothing (default: the gateway)
  --as ROLE           with whose key, which pays for gas (default: provider)`,
  status: `Usage: assay attest status ADDRESS | HASH

Tells what the verifier knows of an enclave's key, of a model, or of a measurement.`,
} as const;

export type AttestCommand = keyof typeof ATTEST_USAGES;

const PLACE = `
  --config FILE       the config (default: assay.json, if it is here); its "attester" says what is accepted
  --rpc URL           the chain's node (default: the config's, or http://127.0.0.1:8545)
  --verifier ADDRESS  the EnclaveVerifier (default: the config's, or the deployment's)`;

const KEY = `
  --keystore FILE     the key, if not the config's; or ASSAY_ATTESTER_PRIVATE_KEY, and so on`;

const SEND = `
  --yes               do not ask first on a chain that is not local
  --time-limit S      wait no longer than so many seconds for a block (default: 600)`;

const END = `
  --json              print only JSON
  --help              print this`;

const ALSO: Readonly<Record<AttestCommand, string>> = {
  check: PLACE,
  sign: PLACE + KEY,
  submit: PLACE + KEY + SEND,
  run: PLACE + KEY,
  revoke: PLACE + KEY + SEND,
  publish: PLACE + KEY + SEND,
  status: PLACE,
};

const ATTEST_USAGE = `Usage: assay attest COMMAND ...

The attester's work: to look at enclaves, and to let the chain know of those that run what they should.

  check      what an enclave shows, and whether it holds
  sign       gives an attester's word for it
  submit     takes what enough attesters signed to the chain
  run        does all three, and renews
  revoke     takes a key, or some code, out for good
  publish    makes an enclave's models known
  status     what the chain knows

  assay attest COMMAND --help tells more.`;

/** What to show whoever asks, or asked wrongly. */
export function attestUsage(command: string | undefined): string {
  if (command === undefined || !Object.hasOwn(ATTEST_USAGES, command)) return ATTEST_USAGE;
  const name = command as AttestCommand;
  return `${ATTEST_USAGES[name]}\n${ALSO[name]}${END}`;
}
