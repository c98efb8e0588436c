import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { contributeToFolder } from "../../../src/model/ceremony/contribute.ts";
import { TRANSCRIPT_FILE, TranscriptMismatchError } from "../../../src/model/ceremony/folder.ts";
import type { Contribution } from "../../../src/model/ceremony/key-file.ts";
import { MalformedFileError } from "../../../src/model/ceremony/sections.ts";
import { MalformedTranscriptError } from "../../../src/model/ceremony/transcript.ts";
import type { Transcript } from "../../../src/model/ceremony/transcript.ts";
import { verifyCeremony } from "../../../src/model/ceremony/verify.ts";
import { KeyRefusedError } from "../../../src/model/groth16.ts";
import { EIGHTH_POWER, editTranscript, failureOf, newWorld, plant, sectionOf } from "./world.ts";
import type { World } from "./world.ts";

/** A step as a key keeps it: three points of G1, one of G2, a hash, type, length, and a name of three letters. */
const STEP = 3 * 64 + 128 + 64 + 4 + 4 + 2 + 3;
const HEAD = 64 + 4;

describe("a ceremony that was tampered with", () => {
  let world: World;
  let folder: string;
  let key: Buffer;
  let text: string;

  before(async () => {
    world = await newWorld();
    folder = await world.start();
    for (const name of ["Ada", "Bob"]) await contributeToFolder(folder, { name });
    key = await readFile(join(folder, "0002.zkey"));
    text = await readFile(join(folder, TRANSCRIPT_FILE), "utf8");
  });
  afterEach(async () => {
    await writeFile(join(folder, "0002.zkey"), key);
    await writeFile(join(folder, TRANSCRIPT_FILE), text);
    await writeFile(join(folder, "circuit.r1cs"), world.compiled.r1cs);
  });
  after(() => rm(world.folder, { recursive: true }));

  const swapped = (entries: readonly Contribution[]): Contribution[] => entries.toReversed();

  const edits: readonly [what: string, edit: (old: Transcript) => Transcript, mismatch: string][] = [
    ["another circuit's hash", (old) => ({ ...old, circuit: "00".repeat(32) }), "circuit's SHA-256"],
    ["another phase 1's hash", (old) => ({ ...old, phase1: { ...old.phase1, blake2b: "00".repeat(64) } }), "phase 1"],
    ["another key's hash", (old) => ({ ...old, key: { ...old.key, sha256: "00".repeat(32) } }), "key's SHA-256"],
    [
      "swapped contributions",
      (old) => ({ ...old, contributions: swapped(old.contributions) }),
      "list of contributions",
    ],
    [
      "one contribution less",
      (old) => ({ ...old, contributions: old.contributions.slice(1) }),
      "list of contributions",
    ],
    [
      "another name",
      (old) => ({ ...old, contributions: old.contributions.map((entry) => ({ ...entry, name: "Eve" })) }),
      "list of contributions",
    ],
  ];
  const refusesEdit = ([what, edit, mismatch]: (typeof edits)[number]): void => {
    it(`is refused with ${what} in its transcript`, async () => {
      await editTranscript(folder, edit);
      const failure = await failureOf(verifyCeremony(folder));
      expect(failure).to.be.instanceOf(TranscriptMismatchError);
      expect(failure).to.have.property("what", mismatch);
    });
  };
  edits.forEach(refusesEdit);

  const malformed: readonly [what: string, text: (old: string) => string, field: string][] = [
    ["is no JSON", () => "{", "transcript"],
    ["has a field too many", (old) => old.replace("{", '{ "isDevelopment": false,'), "transcript"],
    ["is of another version", (old) => old.replace('"version": 1', '"version": 2'), "version"],
    ["leads out of its folder", (old) => old.replace("0002.zkey", "../0002.zkey"), "key.file"],
    ["has an unknown kind", (old) => old.replace('"contribution"', '"gift"'), "contributions[0].kind"],
  ];
  const refusesText = ([what, edit, field]: (typeof malformed)[number]): void => {
    it(`is refused when its transcript ${what}`, async () => {
      await writeFile(join(folder, TRANSCRIPT_FILE), edit(text));
      const failure = await failureOf(verifyCeremony(folder));
      expect(failure).to.be.instanceOf(MalformedTranscriptError);
      expect(failure).to.have.property("field", field);
    });
  };
  malformed.forEach(refusesText);

  it("is refused with a changed circuit or key", async () => {
    for (const file of ["circuit.r1cs", "0002.zkey"]) {
      const bytes = await readFile(join(folder, file));
      await writeFile(join(folder, file), flipped(bytes, bytes.length - 1));
      expect(await failureOf(verifyCeremony(folder))).to.be.instanceOf(Error);
      expect(await failureOf(verifyCeremony(folder))).not.to.be.instanceOf(KeyRefusedError);
    }
  });

  // Whoever keeps the folder can make the transcript agree with any key.
  describe("by a keeper whose transcript agrees", () => {
    it("is refused with any other point in its key", async () => {
      for (const section of [3, 5, 6, 7, 8, 9]) {
        const changed = Buffer.from(key);
        const points = sectionOf(changed, section);
        const size = section === 7 ? 128 : 64;
        const slots = Array.from({ length: points.length / size }, (_, index) =>
          points.subarray(index * size, (index + 1) * size),
        );
        // Another point of the key, so that it is on the curve.
        const [first] = slots as [Buffer];
        slots.find((slot) => !slot.equals(first))?.copy(first);
        expect(changed.equals(key)).to.equal(false);
        await plant(folder, changed);
        expect(await failureOf(verifyCeremony(folder)), `section ${section}`).to.be.instanceOf(KeyRefusedError);
      }
    });

    it("is refused with its contributions swapped", async () => {
      const changed = Buffer.from(key);
      const steps = sectionOf(changed, 10).subarray(HEAD);
      expect(steps.length).to.equal(2 * STEP);
      const first = Buffer.from(steps.subarray(0, STEP));
      steps.copyWithin(0, STEP);
      first.copy(steps, STEP);
      await plant(folder, changed);
      expect(await failureOf(verifyCeremony(folder))).to.be.instanceOf(KeyRefusedError);
    });

    it("is refused with a contribution left out", async () => {
      const steps = sectionOf(key, 10);
      const shorter = Buffer.concat([key.subarray(0, -steps.length), steps.subarray(0, -STEP)]);
      expect(shorter.length).to.equal(key.length - STEP);
      const kept = sectionOf(key, 10).length - STEP;
      shorter.writeBigUInt64LE(BigInt(kept), shorter.length - kept - 8);
      shorter.writeUInt32LE(1, shorter.length - kept + 64);
      await plant(folder, shorter);
      expect(await failureOf(verifyCeremony(folder))).to.be.instanceOf(KeyRefusedError);
    });

    it("is refused with the key of another circuit", async () => {
      const other = await newWorld(EIGHTH_POWER.replace("fourth * fourth", "fourth * root"));
      const otherFolder = await other.start();
      for (const name of ["Ada", "Bob"]) await contributeToFolder(otherFolder, { name });
      await plant(folder, await readFile(join(otherFolder, "0002.zkey")));
      expect(await failureOf(verifyCeremony(folder))).to.be.instanceOf(KeyRefusedError);
      await rm(other.folder, { recursive: true });
    });
  });

  it("is refused with a contribution that changes nothing, or a name that no terminal should show", async () => {
    const idle = Buffer.from(key);
    const steps = sectionOf(idle, 10);
    steps.copy(steps, HEAD + 128, HEAD + 64, HEAD + 128);
    expect(await failureOf(plant(folder, idle))).to.be.instanceOf(MalformedFileError);
    const rude = Buffer.from(key);
    sectionOf(rude, 10).write("\u001B", HEAD + STEP - 1, "latin1");
    expect(await failureOf(plant(folder, rude))).to.be.instanceOf(MalformedFileError);
  });
});

function flipped(bytes: Buffer, index: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
  return changed;
}
