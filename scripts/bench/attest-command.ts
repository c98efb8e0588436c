/** `npm run bench attest`. */
import { parseArgs } from "node:util";

import { stopThreads } from "../../src/model/groth16.ts";
import { measureAttested, type AttestMeasurement } from "./attest/measure.ts";

export const ATTEST_USAGE = `Usage: npm run bench attest -- [--json]

Verifies documents in the formats of AWS Nitro and Intel TDX; then asks a local server of the OpenAI API, alone and through
a gateway and a simulated enclave, whole and streamed, and settles all answers in batches of 32. The simulator changes the
root and nothing else of what is measured.

  --json   print only the figures, as one object
  --help   print this`;

export async function attestCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: "boolean", default: false } } });
  try {
    const measured = await measureAttested();
    console.log(values.json ? JSON.stringify(measured.figures) : formatAttested(measured));
  } finally {
    await stopThreads();
  }
}

function formatAttested({ figures, wholeMs, streamMs, settled }: AttestMeasurement): string {
  const rows: readonly (readonly [string, string])[] = [
    ["verifying a Nitro document", `${figures.verifyNitroMs} ms`],
    ["verifying a TDX quote", `${figures.verifyTdxMs} ms`],
    ["gas to enrol a key", String(figures.gasEnrol)],
    ["gas of a claim, 32 in a batch from a tab, all in", String(figures.gasPerClaim)],
    ["an answer of the upstream alone, p50", `${wholeMs.bare} ms`],
    ["through gateway and enclave, paid", `${wholeMs.attested} ms`],
    ["overhead of a request", `${figures.overheadMsP50} ms`],
    [`a stream of ${streamMs.tokens} tokens alone, p50`, `${streamMs.bare} ms`],
    ["through gateway and enclave, paid", `${streamMs.attested} ms`],
    ["overhead of a streamed token", `${figures.overheadPerTokenMs} ms`],
    ["answers settled", String(settled)],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  return ["SIMULATED enclave", ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`)].join("\n");
}
