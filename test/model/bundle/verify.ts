import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import type { BuiltModel } from "../../../src/model/bundle/build.ts";
import { FILES, MissingFileError, WrongFileError } from "../../../src/model/bundle/files.ts";
import { openModel } from "../../../src/model/bundle/open.ts";
import {
  NoWeightsProofError,
  OtherCertificateError,
  OtherCircuitError,
  OtherCompilerError,
  OtherFieldsError,
  OtherKeyError,
  OtherModelError,
  verifyModel,
} from "../../../src/model/bundle/verify.ts";
import { emitCircuit } from "../../../src/model/circuit/emit.ts";
import { planCircuit } from "../../../src/model/circuit/plan.ts";
import { compileOnce } from "../../../src/model/compile.ts";
import { KeyRefusedError, stopThreads } from "../../../src/model/groth16.ts";
import { digest } from "../../../src/model/cache.ts";
import { TranscriptMismatchError } from "../../../src/model/ceremony/folder.ts";
import { formatTranscript, parseTranscript, type Transcript } from "../../../src/model/ceremony/transcript.ts";
import { Phase1MissingError } from "../../../src/model/ceremony/verify.ts";
import { MalformedManifestError, type Manifest } from "../../../src/model/manifest/manifest.ts";
import { DEVELOPMENT_PHASE1 } from "../../../src/model/phase1.ts";
import { certificateOf, formatCertificate, type Certificate } from "../../../src/model/program/certificate.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type { Program } from "../../../src/model/program/program.ts";
import { readProgram, writeProgram } from "../../../src/model/program/program-file.ts";
import { errorOf } from "../../helpers/errors.ts";
import { build, copyOf, editManifest, newFolder, plantFile, TINY, tinyLayers, writeSource } from "./world.ts";

const ROWS = [
  [0, 0],
  [0.7, 0.1],
  [0.1, 0.7],
  [0.7, 0.7],
];

describe("verifying a built model", () => {
  let folder: string;
  let honest: BuiltModel;
  let other: BuiltModel;
  let copy: string;

  before(async () => {
    folder = await newFolder();
    honest = await build(await writeSource(join(folder, "honest"), TINY, tinyLayers([1, -2, -3, 2]), ROWS));
    other = await build(await writeSource(join(folder, "other"), TINY, tinyLayers([2, -1, -2, 5]), ROWS));
  });
  beforeEach(async () => {
    copy = await copyOf(honest.folder);
  });
  afterEach(() => rm(copy, { recursive: true, force: true }));
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  type Hashed = "program" | "certificate" | "circuit" | "key" | "transcript";
  const HASHED = ["program", "certificate", "circuit", "key", "transcript"] as const;
  const bytesOf = (from: BuiltModel, file: keyof typeof FILES) => readFile(join(from.folder, FILES[file]));
  const refusal = (options = {}): Promise<unknown> => errorOf(verifyModel(copy, options));
  const plantOthers = async (...files: readonly Hashed[]): Promise<void> => {
    for (const file of files) await plantFile(copy, file, await bytesOf(other, file));
  };
  const editTranscript = async (edit: (transcript: Transcript) => Transcript): Promise<void> => {
    const transcript = parseTranscript(await readFile(join(copy, FILES.transcript), "utf8"));
    await plantFile(copy, "transcript", formatTranscript(edit(transcript)));
  };
  const asBuilt = (): Manifest => honest.manifest;
  const mismatchOf = async (): Promise<string> => {
    const failure = await refusal();
    expect(failure).to.be.instanceOf(TranscriptMismatchError);
    return (failure as TranscriptMismatchError).what;
  };

  it("accepts what build wrote, and arrives at build's id", async () => {
    const verified = await verifyModel(honest.folder, { id: honest.id, beside: [other.folder] });
    expect(verified).to.include({ id: honest.id, isDevelopment: true, hasPrivateWeights: false });
    expect(verified.contributions).to.have.lengthOf(1);
    expect(verified.lint.findings).to.deep.equal([]);
    expect((await openModel(honest.folder)).id).to.equal(honest.id);
    expect(honest.id).not.to.equal(other.id);
  });

  describe("refuses files", () => {
    it("that are not there, by name", async () => {
      for (const file of ["manifest", ...HASHED, "verificationKey"] as const) {
        const content = await bytesOf(honest, file);
        await rm(join(copy, FILES[file]));
        const failure = await refusal();
        expect(failure, file).to.be.instanceOf(MissingFileError);
        expect(failure).to.have.property("file", FILES[file]);
        await writeFile(join(copy, FILES[file]), content);
      }
      expect(await errorOf(verifyModel(join(folder, "nowhere")))).to.be.instanceOf(MissingFileError);
    });

    it("that are not those that the manifest names, by name", async () => {
      for (const file of HASHED) {
        const content = await bytesOf(honest, file);
        const last = content.length - 1;
        await writeFile(join(copy, FILES[file]), Uint8Array.from(content).with(last, (content[last] ?? 0) ^ 1));
        const failure = await refusal();
        expect(failure, file).to.be.instanceOf(WrongFileError);
        expect(failure).to.have.property("file", FILES[file]);
        await writeFile(join(copy, FILES[file]), content);
      }
    });

    it("when the manifest names another model's, one hash at a time", async () => {
      const manifest = await readFile(join(copy, FILES.manifest), "utf8");
      for (const file of HASHED) {
        const hash = digest(await bytesOf(other, file));
        await editManifest(copy, (old) => ({ ...old, [file]: hash }));
        const failure = await refusal();
        expect(failure, file).to.be.instanceOf(WrongFileError);
        expect(failure).to.have.property("file", FILES[file]);
        await writeFile(join(copy, FILES.manifest), manifest);
      }
    });
  });

  describe("refuses another model's files though the manifest names them:", () => {
    it("the program", async () => {
      await plantOthers("program");
      expect(await refusal()).to.be.instanceOf(OtherCertificateError);
    });

    it("the program with its certificate", async () => {
      await plantOthers("program", "certificate");
      expect(await refusal()).to.be.instanceOf(OtherCircuitError);
    });

    it("the circuit", async () => {
      await plantOthers("circuit");
      expect(await refusal()).to.be.instanceOf(OtherCircuitError);
    });

    it("the circuit with program and certificate, but on the old key", async () => {
      await plantOthers("program", "certificate", "circuit");
      expect(await mismatchOf()).to.equal("circuit's SHA-256");
      const circuit = digest(await bytesOf(other, "circuit"));
      await editTranscript((old) => ({ ...old, circuit }));
      expect(await refusal()).to.be.instanceOf(KeyRefusedError);
    });

    it("the key", async () => {
      await plantOthers("key");
      expect(await mismatchOf()).to.equal("key's SHA-256");
      const key = digest(await bytesOf(other, "key"));
      await editTranscript((old) => ({ ...old, key: { ...old.key, sha256: key } }));
      expect(await mismatchOf()).to.equal("list of contributions");
    });

    it("the key with its transcript", async () => {
      await plantOthers("key", "transcript");
      expect(await mismatchOf()).to.equal("circuit's SHA-256");
      const circuit = digest(await bytesOf(honest, "circuit"));
      await editTranscript((old) => ({ ...old, circuit }));
      expect(await refusal()).to.be.instanceOf(KeyRefusedError);
    });

    it("the verification key", async () => {
      await writeFile(join(copy, FILES.verificationKey), await bytesOf(other, "verificationKey"));
      expect(await refusal()).to.be.instanceOf(OtherKeyError);
    });

    it("all of them, when its own id is asked for", async () => {
      const failure = await errorOf(verifyModel(other.folder, { id: honest.id }));
      expect(failure).to.be.instanceOf(OtherModelError);
      expect(failure).to.have.property("found", other.id);
    });
  });

  it("refuses a program with one weight changed, whatever else is made to agree", async () => {
    const program = readProgram((await bytesOf(honest, "program")).toString("utf8"));
    const changed = withWeightChanged(program);
    await plantFile(copy, "program", writeProgram(changed));
    expect(await refusal()).to.be.instanceOf(OtherCertificateError);
    const intervals = intervalsOf(changed);
    await plantFile(copy, "certificate", formatCertificate(certificateOf(intervals)));
    expect(await refusal()).to.be.instanceOf(OtherCircuitError);
    const { r1cs } = await compileOnce(emitCircuit(planCircuit(changed, intervals)));
    await plantFile(copy, "circuit", r1cs);
    await editTranscript((old) => ({ ...old, circuit: digest(r1cs) }));
    expect(await refusal()).to.be.instanceOf(KeyRefusedError);
  });

  it("refuses a certificate that is wider or narrower by one", async () => {
    const certificate = JSON.parse((await bytesOf(honest, "certificate")).toString("utf8")) as Certificate;
    for (const [name, runs] of Object.entries(certificate.tensors)) {
      const [[count, lo, hi] = [1, "0", "0"], ...rest] = runs;
      for (const by of [1n, -1n]) {
        const run = [count, lo, (BigInt(hi) + by).toString()] as const;
        const tensors = { ...certificate.tensors, [name]: [run, ...rest] };
        await plantFile(copy, "certificate", formatCertificate({ tensors }));
        expect(await refusal(), `${name} by ${by}`).to.be.instanceOf(OtherCertificateError);
      }
    }
  });

  describe("refuses a manifest", () => {
    it("in another spelling, or with a key too many or too few", async () => {
      const text = await readFile(join(copy, FILES.manifest), "utf8");
      const spellings = [
        `${text}\n`,
        JSON.stringify(JSON.parse(text), null, 2),
        text.replace("{", '{"isDevelopment":false,'),
        text.replace(/,"name":"tiny"/, ""),
        text.slice(1),
        "",
      ];
      for (const spelling of spellings) {
        await writeFile(join(copy, FILES.manifest), spelling);
        expect(await refusal(), spelling.slice(0, 30)).to.be.instanceOf(MalformedManifestError);
      }
    });

    it("of another compiler", async () => {
      for (const tool of ["assay", "circom", "optimisation", "snarkjs"] as const) {
        await editManifest(copy, (old) => ({ ...old, compiler: { ...old.compiler, [tool]: "0.0.1" } }));
        const failure = await refusal();
        expect(failure, tool).to.be.instanceOf(OtherCompilerError);
        expect(String(failure)).to.include("0.0.1");
        await editManifest(copy, asBuilt);
      }
    });

    it("whose fields are not those of the program", async () => {
      const [left, right] = TINY.input.fields;
      const wrong: readonly [what: string, edit: (old: Manifest) => Manifest][] = [
        ["visibility", (old) => ({ ...old, input: { ...old.input, visibility: "hidden" } })],
        ["visibility", (old) => ({ ...old, output: { ...old.output, visibility: "hidden" } })],
        ["widths", (old) => ({ ...old, input: { ...old.input, fields: [left] } })],
        ["widths", (old) => ({ ...old, input: { ...old.input, fields: [left, right, { ...right, name: "third" }] } })],
        ["widths", (old) => ({ ...old, input: { ...old.input, fields: [left, { ...right, max: "8/10" }] } })],
        ["widths", (old) => ({ ...old, input: { ...old.input, fields: [{ ...left, count: 2 }, right] } })],
        ["widths", (old) => ({ ...old, input: { ...old.input, fields: [left, { ...right, step: "1/20" }] } })],
        ["fields", (old) => ({ ...old, output: { ...old.output, fields: [] } })],
        ["fields", (old) => ({ ...old, output: { ...old.output, fields: old.output.fields.map(wider) } })],
        ["fields", (old) => ({ ...old, output: { ...old.output, fields: old.output.fields.map(offset) } })],
      ];
      for (const [what, edit] of wrong) {
        await editManifest(copy, exactly(edit));
        const failure = await refusal();
        expect(failure, what).to.be.instanceOf(OtherFieldsError);
        expect(String(failure)).to.include(`other ${what}`);
        await editManifest(copy, asBuilt);
      }
    });

    it("that names a proof of private weights where there are none", async () => {
      await plantFile(copy, "weightsProof", "{}");
      expect(await refusal()).to.be.instanceOf(NoWeightsProofError);
    });

    it("on another phase 1 than the transcript, or on one that is not the file given", async () => {
      const sha256 = "ab".repeat(32);
      await editManifest(copy, (old) => ({ ...old, phase1: sha256 }));
      expect(await mismatchOf()).to.equal("phase 1's SHA-256");
      await editTranscript((old) => ({ ...old, phase1: { ...old.phase1, sha256 } }));
      expect(await refusal()).to.be.instanceOf(Phase1MissingError);
      const failure = await refusal({ phase1: DEVELOPMENT_PHASE1.path });
      expect(failure).to.be.instanceOf(TranscriptMismatchError);
      expect(failure).to.have.property("what", "phase 1");
    });

    it("with a transcript that tells of other contributions than the key", async () => {
      await editTranscript((old) => ({
        ...old,
        contributions: old.contributions.map((each) => ({ ...each, name: "somebody trusted" })),
      }));
      expect(await mismatchOf()).to.equal("list of contributions");
    });
  });

  describe("accepts another meaning of the same numbers, under another id:", () => {
    const edits: readonly [what: string, edit: (old: Manifest) => Manifest][] = [
      ["labels swapped", (old) => ({ ...old, output: { ...old.output, labels: ["second", "first"] } })],
      [
        "another unit, step and range of the same width",
        (old) => ({ ...old, input: { ...old.input, fields: inInches } }),
      ],
    ];
    const inInches = TINY.input.fields.map(({ name }) => ({ name, unit: "in", min: "1", max: "8", step: "1" }));
    const acceptsEdit = ([what, edit]: (typeof edits)[number]): void => {
      it(what, async () => {
        await editManifest(copy, edit);
        const failure = await refusal({ id: honest.id });
        // Which is the last thing to be compared: all else is as it should be.
        expect(failure).to.be.instanceOf(OtherModelError);
        expect((await openModel(copy)).id).to.equal((failure as OtherModelError).found);
      });
    };
    edits.forEach(acceptsEdit);
  });
});

function withWeightChanged(program: Program): Program {
  const steps = program.steps.map((step) => {
    const { operation } = step;
    if (operation.kind !== "dense") return step;
    return {
      ...step,
      operation: { ...operation, weights: operation.weights.with(0, (operation.weights[0] ?? 0) + 1) },
    };
  });
  expect(steps).not.to.deep.equal(program.steps);
  return { ...program, steps };
}

type OutputField = Manifest["output"]["fields"][number];

function wider(field: OutputField): OutputField {
  return { ...field, bits: field.bits + 1 };
}

function offset(field: OutputField): OutputField {
  return { ...field, encoding: "offset" };
}

/** Decimals of the source as the manifest has them. */
function exactly(edit: (old: Manifest) => Manifest): (old: Manifest) => Manifest {
  const fraction = (text: string): string => (text.includes(".") ? `${text.replace("0.", "")}/10` : text);
  return (old) => {
    const { input, ...rest } = edit(old);
    const fields = input.fields.map((field) => {
      return { ...field, min: fraction(field.min), max: fraction(field.max), step: fraction(field.step) };
    });
    return { ...rest, input: { ...input, fields } };
  };
}
