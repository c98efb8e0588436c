import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { buildCircuit, buildModel, type BuiltModel } from "../../../src/model/bundle/build.ts";
import { FILES } from "../../../src/model/bundle/files.ts";
import { verifyModel } from "../../../src/model/bundle/verify.ts";
import { digest } from "../../../src/model/cache.ts";
import { contributeToFolder } from "../../../src/model/ceremony/contribute.ts";
import { openCeremony, TRANSCRIPT_FILE, TranscriptMismatchError } from "../../../src/model/ceremony/folder.ts";
import { MalformedFileError } from "../../../src/model/ceremony/sections.ts";
import { SharedDeltaError } from "../../../src/model/ceremony/shared-delta.ts";
import { startCeremony } from "../../../src/model/ceremony/start.ts";
import { formatTranscript, parseTranscript } from "../../../src/model/ceremony/transcript.ts";
import { NoContributionError } from "../../../src/model/ceremony/verify.ts";
import { isProof, stopThreads, verificationKeyOf } from "../../../src/model/groth16.ts";
import { errorOf } from "../../helpers/errors.ts";
import { forge, secretOf } from "../ceremony/forge.ts";
import { BEACON, forceBeacon, plant, sectionOf } from "../ceremony/world.ts";
import { build, copyOf, newFolder, plantFile, SETUP, TINY, tinyLayers, writeSource } from "./world.ts";

const ROWS = [
  [0.7, 0.1],
  [0.1, 0.7],
];

/** Points, hash and type of a step, and the length of its parameters, as a key keeps them. */
const [HEAD, STEP] = [64 + 4, 3 * 64 + 128 + 64];

describe("verifying a model's key", () => {
  let folder: string;
  let sources: readonly [string, string];
  let ceremonies: readonly [string, string];

  before(async () => {
    folder = await newFolder();
    sources = [
      await writeSource(join(folder, "one"), TINY, tinyLayers([1, -2, -3, 2]), ROWS),
      await writeSource(join(folder, "two"), TINY, tinyLayers([2, -1, -2, 5]), ROWS),
    ];
    ceremonies = [await startFor(sources[0]), await startFor(sources[1])];
    for (const ceremony of ceremonies) await forceBeacon(ceremony);
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  async function startFor(source: string): Promise<string> {
    const { circuit } = await buildCircuit(source, join(source, "circuit-only"), {});
    const ceremony = join(source, "ceremony");
    await startCeremony({ circuit, phase1: SETUP.phase1, folder: ceremony });
    return ceremony;
  }

  describe("that a beacon alone closed", () => {
    let forged: string;

    before(async () => {
      forged = await copyOf((await build(sources[0])).folder);
      await plantFile(forged, "key", await readFile((await openCeremony(ceremonies[0])).key));
      await plantFile(forged, "transcript", await readFile(join(ceremonies[0], TRANSCRIPT_FILE)));
      const verificationKey = await verificationKeyOf(join(forged, FILES.key));
      await writeFile(join(forged, FILES.verificationKey), JSON.stringify(verificationKey));
    });
    after(() => rm(forged, { recursive: true }));

    it("is refused: everyone can prove with it what no input gives", async () => {
      const key = await verificationKeyOf(join(forged, FILES.key));
      // There are two sides, and this is a third.
      const proof = forge(key, ["1", "3", "42"], secretOf(BEACON));
      expect(await isProof(key, proof)).to.equal(true);
      expect(await errorOf(verifyModel(forged))).to.be.instanceOf(NoContributionError);
    });

    it("is refused when its beacon is called a contribution", async () => {
      const key = await readFile(join(forged, FILES.key));
      sectionOf(key, 10).writeUInt32LE(0, HEAD + STEP);
      const copy = await copyOf(forged);
      await plantFile(copy, "key", key);
      const transcript = parseTranscript(await readFile(join(forged, FILES.transcript), "utf8"));
      const renamed = { ...transcript, key: { ...transcript.key, sha256: digest(key) } };
      await plantFile(copy, "transcript", formatTranscript(renamed));
      expect(await errorOf(verifyModel(copy))).to.be.instanceOf(MalformedFileError);
      await rm(copy, { recursive: true });
    });

    it("is not built on", async () => {
      const setup = { ceremony: ceremonies[0] };
      const failure = await errorOf(buildModel(sources[0], join(folder, "none"), { setup }));
      expect(failure).to.be.instanceOf(NoContributionError);
    });
  });

  describe("that shares its delta with another circuit's", () => {
    let models: readonly [BuiltModel, BuiltModel];

    before(async () => {
      // Two keys whose one contributor took the same secret twice.
      for (const ceremony of ceremonies) {
        const { key } = await openCeremony(ceremony);
        await plant(ceremony, asContribution(await readFile(key)));
      }
      const buildOn = (source: string, ceremony: string) =>
        buildModel(source, `${source}-built`, { setup: { ceremony } });
      models = [await buildOn(sources[0], ceremonies[0]), await buildOn(sources[1], ceremonies[1])];
    });

    it("is refused beside it, by both names", async () => {
      const [one, two] = models;
      const failure = await errorOf(verifyModel(one.folder, { beside: [two.folder] }));
      expect(failure).to.be.instanceOf(SharedDeltaError);
      expect((failure as SharedDeltaError).keys).to.deep.equal([one.folder, two.folder]);
    });

    it("is accepted beside one of another delta", async () => {
      const [one] = models;
      const honest = await build(sources[1]);
      expect((await verifyModel(one.folder, { beside: [honest.folder] })).id).to.equal(one.id);
    });
  });

  it("refuses to build on another circuit's ceremony", async () => {
    const [one, two] = sources;
    const ceremony = join(folder, "finished");
    await startCeremony({ circuit: join(one, "circuit-only", FILES.circuit), phase1: SETUP.phase1, folder: ceremony });
    await contributeToFolder(ceremony, { name: "Ada" });
    const failure = await errorOf(buildModel(two, join(folder, "none"), { setup: { ceremony } }));
    expect(failure).to.be.instanceOf(TranscriptMismatchError);
    expect(failure).to.have.property("what", "circuit's SHA-256");
  });
});

/** What follows the last step's points becomes what a contributor by that name would have left. */
function asContribution(key: Buffer): Buffer {
  const section = sectionOf(key, 10);
  const start = key.length - section.length;
  const name = Buffer.from("Ada");
  const parameters = Buffer.concat([Buffer.of(1, name.length), name]);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(parameters.length, 4);
  const content = Buffer.concat([section.subarray(0, HEAD + STEP), tail, parameters]);
  const head = Buffer.from(key.subarray(0, start));
  head.writeBigUInt64LE(BigInt(content.length), start - 8);
  return Buffer.concat([head, content]);
}
