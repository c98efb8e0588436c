/** The body of the process that `setUp` starts: makes one proving key and writes it. */
import { readFile, writeFile } from "node:fs/promises";

import { SetupFailedError, contribute, isKeyOf, newProvingKey, stopThreads } from "./groth16.ts";

const [r1csFile, phase1, contributor, keyFile] = process.argv.slice(2) as [string, string, string, string];
const r1cs = await readFile(r1csFile);
const key = await contribute(await newProvingKey(r1cs, phase1), contributor);
if (!(await isKeyOf(key, r1cs, phase1))) throw new SetupFailedError("it does not verify against circuit and phase 1");
await writeFile(keyFile, key);
await stopThreads();
