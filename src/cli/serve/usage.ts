export const SERVE_USAGE = `Usage: assay serve [--config FILE] [--without-prover]

Sells answers: a gateway that clients pay and ask over HTTP, and provers that settle what it sold. Runs until it is told
to end (Ctrl-C, or SIGTERM), finishes what is in hand, and can be killed at any time without a loss.

  --config FILE      the config; assay.json by default (docs/config.md)
  --without-prover   only answers: "assay prove" proves elsewhere, on the same PostgreSQL (DATABASE_URL)
  --help             print this

The provider's key is its key file of the config, or ASSAY_PROVIDER_PRIVATE_KEY. When it listens it prints a line of JSON
with its address; its log, JSON too, goes to the error stream.`;

export const PROVE_USAGE = `Usage: assay prove [--config FILE] [--prover snarkjs | rapidsnark:PATH]

Proves answers and settles them on chain for their fees: those of the provider's own queue, or, with "gateways" in the
config, of gateways whose jobs are open to anyone. Runs until it is told to end.

  --config FILE   the config; assay.json by default (docs/config.md)
  --prover NAME   what proves, instead of what the config says
  --help          print this

The prover's key is its key file of the config, or ASSAY_PROVER_PRIVATE_KEY. It pays for gas and earns the fees. When it
ends it prints what it earned, as a line of JSON.`;
