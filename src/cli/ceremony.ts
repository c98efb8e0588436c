/** `assay ceremony`: see docs/ceremonies.md. */
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";

import { COMMON, runSteps } from "./steps.ts";
import { only, print, required, UsageError, wholeNumber } from "./usage.ts";
import { closeWithBeacon } from "../model/ceremony/beacon.ts";
import { acceptKey, contributeToFile, contributeToFolder, verifyKeyFile } from "../model/ceremony/contribute.ts";
import { finishCeremony } from "../model/ceremony/finish.ts";
import { openCeremony } from "../model/ceremony/folder.ts";
import { deltaOf } from "../model/ceremony/key-file.ts";
import { refuseSharedDelta } from "../model/ceremony/shared-delta.ts";
import { startCeremony } from "../model/ceremony/start.ts";
import { verifyCeremony } from "../model/ceremony/verify.ts";
import { stopThreads } from "../model/groth16.ts";
import { phase1Path } from "../model/phase1.ts";
import { acceptedText, closedText, contributedText, finishedText, startedText, verifiedText } from "./ceremony-text.ts";
import { CEREMONY_USAGE } from "./ceremony-usage.ts";

const PHASE1 = { phase1: { type: "string" } } as const;

type Command = (args: readonly string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = { start, contribute, beacon, verify, finish };

/**
 * Runs `assay ceremony` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function ceremonyCommand(args: readonly string[]): Promise<void> {
  const [name = "--help", ...rest] = args;
  const command = COMMANDS[name];
  if (name === "--help" || (command !== undefined && rest.includes("--help"))) {
    print(CEREMONY_USAGE);
    return;
  }
  if (command === undefined) {
    const known = Object.keys(COMMANDS).join(", ");
    throw new UsageError(`ceremony takes one of ${known}, got ${JSON.stringify(name)}.`);
  }
  await command(rest);
}

async function start(args: readonly string[]): Promise<void> {
  const options = { ...COMMON, ...PHASE1, circuit: { type: "string" }, out: { type: "string" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const circuit = required("--circuit", values.circuit);
  const phase1 = phase1Path(required("--phase1", values.phase1));
  const folder = required("--out", values.out);
  await runSteps(values, "starting", 2, async (step) => {
    const transcript = await startCeremony({ circuit, phase1, folder }, step);
    return { json: { folder, ...transcript }, text: startedText(folder, transcript) };
  });
}

async function contribute(args: readonly string[]): Promise<void> {
  const options = {
    ...COMMON,
    ...PHASE1,
    name: { type: "string" },
    ask: { type: "boolean", default: false },
    accept: { type: "string" },
    circuit: { type: "string" },
    out: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const target = only(positionals, "a ceremony's folder, or a key");
  const phase1 = phase1Path(values.phase1);
  const { accept } = values;
  if (accept !== undefined) {
    await runSteps(values, "accepting", 2, async (step) => {
      const contributions = await acceptKey(target, accept, { ...step, phase1 });
      return { json: { folder: target, contributions }, text: acceptedText(contributions) };
    });
    return;
  }
  const name = required("--name", values.name);
  const isFolder = (await stat(target)).isDirectory();
  const { circuit, out } = values;
  if (!isFolder && (circuit === undefined) !== (phase1 === undefined)) {
    throw new UsageError("--circuit and --phase1 verify a key that was sent alone, and are given together.");
  }
  const text = values.ask ? await askText() : "";
  await runSteps(values, "contributing", phase1 === undefined ? 1 : 3, async (step) => {
    if (isFolder) {
      if (phase1 !== undefined) await verifyCeremony(target, { ...step, phase1 });
      const contribution = await contributeToFolder(target, { name, text }, step);
      const { transcript } = await openCeremony(target);
      return { json: { ...transcript.key, contribution }, text: contributedText(transcript.key.file, contribution) };
    }
    if (circuit !== undefined && phase1 !== undefined) await verifyKeyFile({ key: target, circuit, phase1 }, step);
    const made = await contributeToFile(target, { name, text }, { ...step, out });
    return { json: made, text: contributedText(made.file, made.contribution) };
  });
}

async function beacon(args: readonly string[]): Promise<void> {
  const options = { ...COMMON, value: { type: "string" }, iterations: { type: "string", default: "10" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const folder = only(positionals, "a ceremony's folder");
  const value = required("--value", values.value);
  const iterations = wholeNumber("--iterations", values.iterations);
  await runSteps(values, "closing", 1, async (step) => {
    const contribution = await closeWithBeacon(folder, { value, iterations }, step);
    const { transcript } = await openCeremony(folder);
    return { json: { ...transcript.key, contribution }, text: closedText(transcript.key.file, contribution) };
  });
}

async function verify(args: readonly string[]): Promise<void> {
  const options = {
    ...COMMON,
    ...PHASE1,
    beside: { type: "string", multiple: true, default: [] as string[] },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const folder = only(positionals, "a ceremony's folder");
  await runSteps(values, "verifying", 2, async (step) => {
    const report = await verifyCeremony(folder, { ...step, phase1: phase1Path(values.phase1) });
    const others = await Promise.all(
      values.beside.map(async (name) => {
        const isFolder = (await stat(name)).isDirectory();
        return { name, delta: isFolder ? (await openCeremony(name)).record.delta : await deltaOf(name) };
      }),
    );
    refuseSharedDelta([{ name: folder, delta: report.delta }, ...others]);
    const { ceremony, ...found } = report;
    return {
      json: { ...found, circuitHash: ceremony.record.circuitHash, key: ceremony.transcript.key },
      text: verifiedText(report),
      // Nothing can be added any more, so that it stays what it is.
      exitCode: report.isForgeable && report.isClosed ? 1 : 0,
    };
  });
}

async function finish(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...COMMON, ...PHASE1 },
    allowPositionals: true,
  });
  const folder = only(positionals, "a ceremony's folder");
  await runSteps(values, "finishing", 3, async (step) => {
    try {
      const {
        report,
        folder: final,
        hashes,
      } = await finishCeremony(folder, {
        ...step,
        phase1: phase1Path(values.phase1),
      });
      const { isDevelopment } = report;
      return { json: { folder: final, isDevelopment, hashes }, text: finishedText(final, report, hashes) };
    } finally {
      await stopThreads();
    }
  });
}

/** A line for the randomness. It goes to no argument, where others could read it. */
async function askText(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question("Type anything that nobody can guess: ");
  } finally {
    lines.close();
  }
}
