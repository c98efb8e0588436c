/** Statements are separated by two semicolons, since those of functions hold single ones. */
export const TABLES = `
CREATE TABLE assay.identity (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  chain_id bigint NOT NULL,
  escrow text NOT NULL,
  provider text NOT NULL,
  -- What quotes are authenticated with: the same on every gateway of this provider.
  quote_key text NOT NULL
);;
-- What of the chain was taken in. One row: whoever writes a step locks it.
CREATE TABLE assay.chain (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  steps bigint NOT NULL DEFAULT 0,
  blocks jsonb NOT NULL DEFAULT '[]',
  head jsonb,
  final jsonb
);;
CREATE TABLE assay.tabs (
  payer text PRIMARY KEY,
  -- Final on chain.
  funds numeric(29) NOT NULL DEFAULT 0,
  -- The least of what is final and what was last seen.
  stake numeric(29) NOT NULL DEFAULT 0,
  -- As last seen; zero when nobody leaves.
  exit_at bigint NOT NULL DEFAULT 0,
  -- The sum of \`promise\` over this payer's requests that are neither locked nor closed.
  promised numeric(29) NOT NULL DEFAULT 0 CHECK (promised >= 0),
  -- How many requests have a nonce of this payer.
  issued bigint NOT NULL DEFAULT 0,
  changed_block bigint NOT NULL DEFAULT 0,
  refreshed_block bigint NOT NULL DEFAULT -1
);;
-- Nonces that were paid without this store: by another one of this provider.
CREATE TABLE assay.foreign_nonces (
  payer text NOT NULL,
  nonce numeric(78) NOT NULL,
  PRIMARY KEY (payer, nonce)
);;
CREATE TABLE assay.requests (
  id text PRIMARY KEY,
  payer text NOT NULL,
  nonce numeric(78) NOT NULL,
  locked boolean NOT NULL,
  model text NOT NULL,
  deadline bigint NOT NULL,
  -- The order as it was signed, and what it takes to compute and prove the answer.
  request jsonb NOT NULL,
  signature text,
  fields jsonb NOT NULL,
  salt text NOT NULL,
  state text NOT NULL CHECK (state IN ('reserved', 'answered')),
  -- What of the tab this takes: the price, and once it is answered the charge.
  promise numeric(29) NOT NULL,
  -- Which gateway is computing the answer, and until when it may.
  holder text,
  held_until timestamptz,
  output text,
  charge numeric(29),
  -- Of an attested model: the response with the enclave's transcript and signature, which cannot be computed again.
  attested jsonb,
  -- The provider's signature of the answer: made after the answer is here, and written a moment later.
  receipt text,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  answered_at timestamptz,
  proving_at timestamptz,
  -- Why nothing more is expected of the chain, and the block that made it so.
  closed text CHECK (closed IN ('settled', 'expired', 'refunded')),
  closed_block bigint,
  -- How often it was offered to provers outside.
  offers integer NOT NULL DEFAULT 0,
  -- Why a prover gave it up for good.
  aside text,
  -- The commitment that this receipt is in.
  root text,
  CHECK ((state = 'answered') = (output IS NOT NULL AND charge IS NOT NULL))
);;
CREATE UNIQUE INDEX requests_nonce ON assay.requests (payer, nonce) WHERE NOT locked;;
CREATE INDEX requests_open ON assay.requests (deadline) WHERE closed IS NULL;;
CREATE INDEX requests_held ON assay.requests (held_until) WHERE state = 'reserved';;
CREATE INDEX requests_unsealed ON assay.requests (id) WHERE state = 'answered' AND receipt IS NULL;;
CREATE INDEX requests_uncommitted ON assay.requests (answered_at) WHERE state = 'answered' AND root IS NULL;;
CREATE INDEX requests_closed ON assay.requests (closed_block) WHERE closed_block IS NOT NULL;;
-- What the chain says of requests. Rows of blocks that are reorganised away vanish.
CREATE TABLE assay.outcomes (
  request text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('opened', 'settled', 'reclaimed', 'penalised')),
  block bigint NOT NULL,
  log_index integer NOT NULL,
  transaction text NOT NULL,
  amount numeric(29) NOT NULL,
  prover text,
  happened_at bigint NOT NULL,
  -- Whether it has closed its request, where it does.
  is_taken boolean NOT NULL DEFAULT false,
  PRIMARY KEY (block, log_index)
);;
CREATE INDEX outcomes_fresh ON assay.outcomes (block) WHERE NOT is_taken;;
CREATE INDEX outcomes_request ON assay.outcomes (request);;
-- What enclaves showed: kept for whoever checks those who enrolled them.
CREATE TABLE assay.evidence (
  attestation text PRIMARY KEY,
  key text NOT NULL,
  evidence jsonb NOT NULL,
  shown_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  is_enrolled boolean NOT NULL DEFAULT false
);;
CREATE TABLE assay.commitments (
  root text PRIMARY KEY,
  count integer NOT NULL,
  transaction text,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);;
CREATE INDEX requests_root ON assay.requests (root) WHERE root IS NOT NULL`;
