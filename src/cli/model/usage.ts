/** What each command of `assay model` takes, and what it is for. */
export const MODEL_USAGES = {
  build: `Usage: assay model build FOLDER [--out BUILT] [--phase1 FILE | --ceremony FOLDER | --circuit-only] [--limit ROWS]

Builds a model from model.json, model.onnx and data: program, certificate, circuit, key and manifest.

  --out BUILT         where it goes; by default FOLDER/build
  --phase1 FILE       a prepared file of the public powers of tau, or "development" (the default)
  --ceremony FOLDER   finish this ceremony of several people, and take its key
  --circuit-only      stop before the key: what such a ceremony starts from
  --limit ROWS        refuse a larger circuit`,
  report: `Usage: assay model report FOLDER [--html FILE] [--card FILE]

Tells what a model will cost, and how much accuracy it loses, before anything is compiled; and writes a page with plots.

  --html FILE         where the page goes; by default FOLDER/report.html
  --card FILE         write the model's card as well`,
  lint: `Usage: assay model lint BUILT | FILE.circom | FILE.r1cs --wasm FILE [--inputs FILE.json]

Checks that a circuit's inputs determine each of its wires. Exits with 1 where they do not, or nobody can tell.

  --wasm FILE         the program that computes the circuit's witnesses
  --inputs FILE       a list of inputs by the names of the circuit's signals, whose witnesses are mutated`,
  run: `Usage: assay model run BUILT --input FILE.json | --field NAME=VALUE ... [--salt N]

Answers at once.

  --input FILE        an object with a value for each field, or "-" for the standard input
  --field NAME=VALUE  one field; VALUE is a number, or a list such as [1,2]
  --salt N            the input's salt; drawn anew where it is not given`,
  prove: `Usage: assay model prove BUILT --input FILE.json | --field NAME=VALUE ... | --answer FILE.json
                         --context HEX | --request HEX --prover ADDRESS --escrow ADDRESS --chain N

Proves an answer, for one context.

  --input, --field, --salt   as run takes them
  --answer FILE       what run --json printed
  --context HEX       what the proof is bound to; or the four that it is made of:
  --request HEX       the request's id
  --prover ADDRESS    who is paid for the proof
  --escrow ADDRESS    the escrow that will settle it
  --chain N           and its chain`,
  verify: `Usage: assay model verify BUILT [--id HEX] [--phase1 FILE] [--beside BUILT]...

Re-checks a built model offline, from circuit to id, trusting nobody.

  --id HEX            the id that the model must have
  --phase1 FILE       the phase 1 of its key; the one for development is found by itself
  --beside BUILT      another model that must not share its delta`,
  publish: `Usage: assay model publish BUILT --verifier ADDRESS --rpc URL [--keystore FILE] [--uri URI] [--phase1 FILE]

Verifies a built model, then stores its key on chain.

  --verifier ADDRESS  the Groth16Verifier
  --rpc URL           the chain's JSON-RPC
  --keystore FILE     the account that pays; else ASSAY_PRIVATE_KEY
  --uri URI           where the model's files can be fetched; bound to nothing
  --phase1 FILE       as verify takes it`,
} as const;

export type ModelCommand = keyof typeof MODEL_USAGES;

const COMMON = `
  --time-limit S      give up on any one step of a key's making or checking after so many seconds
  --json              print only JSON
  --help              print this`;

const MODEL_USAGE = `Usage: assay model COMMAND ...

Turns a trained model into one whose answers can be proven.

  build      from model.json, model.onnx and data to program, certificate, circuit, key and manifest
  report     what it costs, and how much accuracy it loses
  lint       whether a circuit's inputs determine each of its wires
  run        answers at once
  prove      proves an answer, for one context
  verify     re-checks a built model offline, from circuit to id, trusting nobody
  publish    verifies, then stores the model's key on chain

  assay model COMMAND --help tells more.`;

/** What to show whoever asks, or asked wrongly. */
export function modelUsage(command: string | undefined): string {
  if (command === undefined || !Object.hasOwn(MODEL_USAGES, command)) return MODEL_USAGE;
  return `${MODEL_USAGES[command as ModelCommand]}${COMMON}`;
}
