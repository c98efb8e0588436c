export const AUDIT_USAGE = `Usage: assay audit export --from DATE --to DATE --out FILE [--without-proofs]
       assay audit check FILE [--without-proofs]

A provider's receipts of a period, for somebody who trusts neither the provider nor its gateway.

  export   writes every answer of the period, with its place under a root on chain, what became of it, and the proof that
           paid for it. No inputs and no salts are in it. Needs the provider's store: a folder belongs to the gateway
           that runs on it, which has to be stopped for that; a PostgreSQL server can be read at any time
  check    checks such a file with nothing but a chain's node: signatures, paths, roots, settlements, proofs and sums;
           ends with 1 if anything is wrong

  --from DATE         the first moment, such as 2026-01-31 or 2026-01-31T12:00:00Z; a date is its beginning in UTC
  --to DATE           the moment after the last
  --out FILE          the bundle, which must not be there yet
  --without-proofs    leave out the proofs: the escrow has verified each before it paid
  --config FILE       the config (default: assay.json, which check can do without)
  --rpc URL           of check: the chain's node (default: the config's, or http://127.0.0.1:8545)
  --json              print only JSON
  --help              print this`;
