/** What `assay enclave` takes, and what it is for. */
export const ENCLAVE_USAGE = `Usage: assay enclave [--config FILE]
       assay enclave model [--config FILE] [--attest] [--out FILE]

Runs inside an enclave: makes a key that never leaves it, shows by the platform's word what it runs, asks an upstream in
the name of attested models, and signs for what was delivered. Runs until it is told to end (Ctrl-C, or SIGTERM).

  model           tells the ids of the config's models, instead
  --attest        asks the platform what this enclave measures, and puts that into every model
  --out FILE      where the config goes that has it, or else only the ids are printed

  --config FILE   by default enclave.json, an object of
                    chain, escrow, verifier   where its answers are paid
                    gateways                  the addresses of the providers that it answers to
                    platform                  { "platform": "nitro", "internal": URL, "external": URL }, nitriding's two
                                              addresses, or { "platform": "tdx", "socket": PATH, "pccs": URL }; with
                                              "simulatedRoot" where it is a simulator
                    models                    manifests (docs/attested.md)
                    validity                  seconds for which its key is vouched for at once; 30 days by default
                    listen                    { "host", "port" }; 127.0.0.1 and 8403 by default
  --json          print only JSON
  --help          print this

What the upstream knows it by is in ASSAY_UPSTREAM_API_KEY. When it listens it prints a line of JSON with its address and
its key's; its log, JSON too, goes to the error stream, and has neither questions nor answers.`;
