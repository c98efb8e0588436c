export const DOCTOR_USAGE = `Usage: assay doctor [--config FILE] [--quick] [--phase1 FILE]

Looks over all that the config names, and says what to do where something is wrong: chain and clock, contracts and token,
models, keys and their money, the store, this machine. Changes nothing. While a gateway runs on a store that is a folder,
the store is left out.

  --config FILE   the config (default: assay.json)
  --quick         do not verify the models' circuits and keys again, which takes seconds to minutes for each
  --phase1 FILE   the phase 1 of their keys; the one for development is found by itself
  --json          print only JSON
  --help          print this

Ends with 1 if anything failed; a warning is no failure.`;
