export const CEREMONY_USAGE = `Usage: assay ceremony start --circuit FILE.r1cs --phase1 FILE --out FOLDER
       assay ceremony contribute FOLDER --name NAME [--ask] [--phase1 FILE]
       assay ceremony contribute KEY.zkey --name NAME [--ask] [--circuit FILE.r1cs --phase1 FILE] [--out KEY.zkey]
       assay ceremony contribute FOLDER --accept KEY.zkey [--phase1 FILE]
       assay ceremony beacon FOLDER --value HEX [--iterations N]
       assay ceremony verify FOLDER [--phase1 FILE] [--beside FOLDER|KEY.zkey]...
       assay ceremony finish FOLDER [--phase1 FILE]

Makes the proving key of a circuit, so that nobody can forge proofs as long as one contributor was honest.

  start         begins: writes the circuit, the first key and the transcript to a folder that is not there yet
  contribute    adds fresh randomness, to the folder or to a key that was sent alone; or takes in what came back
  beacon        closes the key with a value that nobody knew before: nothing can be added afterwards
  verify        re-checks all of it, trusting nobody
  finish        verifies, and exports the keys; refuses a key that nobody but a beacon contributed to

  --circuit FILE      the compiled constraints
  --phase1 FILE       a prepared file of the public powers of tau, or "development"
  --out               where the ceremony, or the next key, goes
  --name NAME         what the transcript calls the contributor
  --ask               mix in a line that is typed, beside the randomness of the system
  --accept KEY.zkey   take in a key that was contributed to elsewhere
  --value HEX         the beacon: 32 bytes, such as the hash of a block announced before it was made
  --iterations N      hash it 2^N times, N from 10 to 63 (default: 10)
  --beside            another ceremony or key that must not share its delta with this one
  --time-limit S      give up on any one part after so many seconds (the default grows with the circuit)
  --json              print only JSON
  --help              print this`;
