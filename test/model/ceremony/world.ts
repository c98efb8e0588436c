/** The smallest circuit worth a ceremony, and dishonest ways to change what a ceremony wrote. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openCeremony, TRANSCRIPT_FILE } from "../../../src/model/ceremony/folder.ts";
import { readKey } from "../../../src/model/ceremony/key-file.ts";
import { startCeremony } from "../../../src/model/ceremony/start.ts";
import { formatTranscript, keyFileOf, parseTranscript } from "../../../src/model/ceremony/transcript.ts";
import type { Transcript } from "../../../src/model/ceremony/transcript.ts";
import { compile } from "../../../src/model/compile.ts";
import type { CompiledCircuit } from "../../../src/model/compile.ts";
import { DEVELOPMENT_PHASE1 } from "../../../src/model/phase1.ts";
import { runSetup } from "../../../src/model/setup.ts";

/** What nobody knew before the ceremonies here. */
export const BEACON = { value: `0x${"5a".repeat(32)}`, iterations: 10 } as const;

/** A circuit on disk, for as many ceremonies as a test wants. */
export type World = {
  readonly folder: string;
  readonly circuit: string;
  readonly compiled: CompiledCircuit;
  /** Starts a ceremony in a folder of its own. */
  readonly start: () => Promise<string>;
};

/** Three constraints: an eighth power. Only one field element in eight has an eighth root, or less. */
export const EIGHTH_POWER = `pragma circom 2.2.2;
template EighthPower() {
    signal input root;
    signal output power;
    signal square <== root * root;
    signal fourth <== square * square;
    power <== fourth * fourth;
}
component main = EighthPower();
`;

export async function newWorld(source: string = EIGHTH_POWER): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "assay test ceremony-"));
  const path = join(folder, "circuit.circom");
  await writeFile(path, source);
  const compiled = await compile(path);
  const circuit = join(folder, "circuit.r1cs");
  await writeFile(circuit, compiled.r1cs);
  let count = 0;
  const start = async (): Promise<string> => {
    count += 1;
    const ceremony = join(folder, `ceremony-${count}`);
    await startCeremony({ circuit, phase1: DEVELOPMENT_PHASE1.path, folder: ceremony });
    return ceremony;
  };
  return { folder, circuit, compiled, start };
}

/** Every file below a folder, with its hash. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashes: Record<string, string> = {};
  for (const file of files.sort()) hashes[file] = sha256(await readFile(file));
  return hashes;
}

/** Closes a ceremony's key by the beacon whoever contributed, as a keeper could who does not use this software. */
export async function forceBeacon(folder: string): Promise<void> {
  const ceremony = await openCeremony(folder);
  const key = join(folder, keyFileOf(ceremony.record.contributions.length + 1));
  await runSetup([{ kind: "beacon", from: ceremony.key, key, name: "beacon", ...BEACON }]);
  await plant(folder, await readFile(key));
}

/** Puts a key in a ceremony, and a transcript that agrees with it. */
export async function plant(folder: string, key: Uint8Array): Promise<void> {
  const { contributions } = await readKey(key);
  const file = keyFileOf(contributions.length);
  await writeFile(join(folder, file), key);
  await editTranscript(folder, (old) => ({ ...old, key: { file, sha256: sha256(key) }, contributions }));
}

export async function editTranscript(folder: string, edit: (old: Transcript) => Transcript): Promise<void> {
  const path = join(folder, TRANSCRIPT_FILE);
  await writeFile(path, formatTranscript(edit(parseTranscript(await readFile(path, "utf8")))));
}

/** Where a section of a key lies in its bytes. */
export function sectionOf(key: Buffer, wanted: number): Buffer {
  let position = 12;
  while (position < key.length) {
    const length = Number(key.readBigUInt64LE(position + 4));
    const content = key.subarray(position + 12, position + 12 + length);
    if (key.readUInt32LE(position) === wanted) return content;
    position += 12 + length;
  }
  throw new RangeError(`no section ${wanted}`);
}

export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
