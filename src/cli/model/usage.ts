export const MODEL_USAGE = `Usage: assay model build FOLDER [--out BUILT] [--phase1 FILE | --ceremony FOLDER | --circuit-only] [--limit ROWS]
       assay model report FOLDER [--html FILE] [--card FILE]
       assay model lint BUILT | FILE.circom | FILE.r1cs --wasm FILE [--inputs FILE.json]
       assay model run BUILT --input FILE.json | --field NAME=VALUE ... [--salt N]
       assay model prove BUILT --input FILE.json | --field NAME=VALUE ... | --answer FILE.json
                         --context HEX | --request HEX --prover ADDRESS --escrow ADDRESS --chain N
       assay model verify BUILT [--id HEX] [--phase1 FILE] [--beside BUILT]...
       assay model publish BUILT --verifier ADDRESS --rpc URL [--keystore FILE] [--uri URI] [--phase1 FILE]

Turns a trained model into one whose answers can be proven.

  build      from model.json, model.onnx and data to program, certificate, circuit, key and manifest
  report     what it costs, and how much accuracy it loses, before anything is compiled
  lint       whether a circuit's inputs determine each of its wires
  run        answers at once
  prove      proves an answer, for one context
  verify     re-checks a built model offline, from circuit to id, trusting nobody
  publish    verifies, then stores the model's key on chain

  FOLDER              a model's source; see models/ for examples
  BUILT               what build wrote; by default FOLDER/build
  --phase1 FILE       a prepared file of the public powers of tau, or "development" (the default of build)
  --ceremony FOLDER   take the key of a finished ceremony for this circuit
  --circuit-only      stop before the key: for a ceremony among several people
  --limit ROWS        refuse a larger circuit
  --html FILE         where the report goes as a page with plots; by default FOLDER/report.html
  --card FILE         write the model's card as well
  --inputs FILE       a list of inputs by the names of the circuit's signals, whose witnesses are mutated
  --input FILE        an object with a value for each field, or "-" for the standard input
  --field NAME=VALUE  one field; VALUE is a number, or a list such as [1,2]
  --salt N            the input's salt; drawn anew where it is not given
  --answer FILE       what run --json printed
  --context HEX       what the proof is bound to; or the four that it is made of
  --id HEX            the id that the model must have
  --beside BUILT      another model that must not share its delta
  --verifier, --rpc   the Groth16Verifier, and the chain's JSON-RPC
  --keystore FILE     the account that pays; else ASSAY_PRIVATE_KEY
  --uri URI           where the model's files can be fetched; bound to nothing
  --time-limit S      give up on any one step after so many seconds
  --json              print only JSON
  --help              print this`;
