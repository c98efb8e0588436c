import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { account } from "../../scripts/local/market.ts";
import { samplePath } from "../../scripts/local/models.ts";
import { build } from "../../src/model/build.ts";
import { ProvingFailedError, startPool } from "../../src/prover/pool.ts";
import {
  NoProvingProgramError,
  parseProvingProgram,
  UnknownProvingProgramError,
} from "../../src/prover/proving-program.ts";
import { errorOf } from "../helpers/errors.ts";
import { paperJob, PAPER_DEPLOYMENT, startModels } from "./world.ts";

const PROVER = account(3).address;
const GROTH16 = new URL("../../src/model/groth16.ts", import.meta.url).href;
const WITNESS = new URL("../../src/model/witness.ts", import.meta.url).href;

/** What the stand-ins for the binary begin with: it takes the same arguments, and proves by snarkjs. */
const OPENING = `#!${process.execPath}
import { readFileSync, writeFileSync } from "node:fs";
import { prove, stopThreads } from ${JSON.stringify(GROTH16)};
import { witnessOf } from ${JSON.stringify(WITNESS)};
const [key, witness, proofFile, publicFile] = process.argv.slice(2);
const write = ({ proof, publicSignals }) => {
  writeFileSync(proofFile, JSON.stringify(proof));
  writeFileSync(publicFile, JSON.stringify(publicSignals));
};
`;

const HONEST = "write(await prove(readFileSync(key), readFileSync(witness))); await stopThreads();";

describe("a pool that proves by rapidsnark", () => {
  let models: Awaited<ReturnType<typeof startModels>>;
  let folder: string;

  before(async () => {
    models = await startModels();
    folder = await mkdtemp(join(tmpdir(), "assay-test-binary-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await models.stop();
  });

  /** Starts a pool whose binary is a script. */
  const poolOf = async (name: string, script: string, mode = 0o755) => {
    const path = join(folder, `${name}.mjs`);
    await writeFile(path, `${OPENING}${script}\n`, { mode });
    return startPool({
      models: models.folders,
      deployment: PAPER_DEPLOYMENT,
      program: parseProvingProgram(`rapidsnark:${path}`),
    });
  };

  /** Why a binary's proof is not taken. */
  const refusalOf = async (name: string, script: string): Promise<ProvingFailedError> => {
    const pool = await poolOf(name, script);
    try {
      const error = await errorOf(pool.prove(await paperJob(models), PROVER));
      expect(error).to.be.instanceOf(ProvingFailedError);
      return error as ProvingFailedError;
    } finally {
      await pool.stop();
    }
  };

  it("takes the binary's proofs, in one process, and leaves no witness behind", async () => {
    const { TMPDIR } = process.env;
    const scratch = await mkdtemp(join(folder, "scratch-"));
    process.env["TMPDIR"] = scratch;
    try {
      const pool = await poolOf("honest", HONEST);
      expect(pool.workers).to.equal(1);
      expect((await pool.prove(await paperJob(models), PROVER)).proof).to.match(/^0x[0-9a-f]{512}$/);
      expect(await readdir(scratch, { recursive: true })).to.have.lengthOf(1);
      await pool.stop();
      expect(await readdir(scratch)).to.deep.equal([]);
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    }
  });

  it("takes files that end with zero bytes, and signals that are numbers", async () => {
    const pool = await poolOf(
      "zeros",
      `${HONEST}
      writeFileSync(proofFile, readFileSync(proofFile, "utf8") + "\\0\\0");`,
    );
    try {
      expect((await pool.prove(await paperJob(models), PROVER)).proof).to.match(/^0x/);
    } finally {
      await pool.stop();
    }
  });

  it("tells the binary nothing of keys and passwords in the environment", async () => {
    const file = join(folder, "environment.json");
    process.env["ASSAY_TEST_SECRET"] = "of nobody's concern";
    const pool = await poolOf(
      "curious",
      `${HONEST} writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.env));`,
    );
    try {
      await pool.prove(await paperJob(models), PROVER);
      const seen = JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
      expect(seen).to.have.property("PATH");
      expect(seen).to.not.have.property("ASSAY_TEST_SECRET");
    } finally {
      delete process.env["ASSAY_TEST_SECRET"];
      await pool.stop();
    }
  });

  it("says what a binary said that failed", async () => {
    const { reason, isForGood } = await refusalOf("failing", `console.error("no such curve"); process.exit(3);`);
    expect(reason).to.include("code 3").and.include("no such curve");
    expect(isForGood).to.equal(false);
  });

  it("refuses garbage, and files that are not there", async () => {
    const garbage = await refusalOf("garbage", `writeFileSync(proofFile, "{"); writeFileSync(publicFile, "[]");`);
    expect(garbage.reason).to.include("no proof");
    const nothing = await refusalOf("nothing", "");
    expect(nothing.reason).to.include("ENOENT");
    const numbers = await refusalOf(
      "numbers",
      `${HONEST}
      writeFileSync(publicFile, JSON.stringify({ length: 3 }));`,
    );
    expect(numbers.reason).to.include("list of numbers");
  });

  it("refuses a proof of another input than was asked for", async () => {
    const other = await refusalOf(
      "other",
      `${HONEST}
      const signals = JSON.parse(readFileSync(publicFile, "utf8"));
      writeFileSync(publicFile, JSON.stringify([signals[0], signals[1], "1"]));`,
    );
    expect(other.reason).to.include("is none of this answer");
  });

  it("refuses another circuit's proof, also one that is passed off with the right signals", async () => {
    const { wasm, provingKey } = await build(samplePath("credit-score"));
    const [wasmFile, keyFile] = [join(folder, "other.wasm"), join(folder, "other.zkey")];
    await writeFile(wasmFile, wasm);
    await writeFile(keyFile, provingKey);
    const another = `
      const inputs = { fields: [1n, 2n, 3n, 4n], salt: 5n, context: 6n };
      const foreign = await prove(
        readFileSync(${JSON.stringify(keyFile)}),
        await witnessOf(readFileSync(${JSON.stringify(wasmFile)}), inputs),
      );`;
    const plain = await refusalOf("circuit", `${another} write(foreign); await stopThreads();`);
    expect(plain.reason).to.include("is none of this answer");
    const disguised = await refusalOf(
      "disguised",
      `${another}
      const { publicSignals } = await prove(readFileSync(key), readFileSync(witness));
      write({ proof: foreign.proof, publicSignals });
      await stopThreads();`,
    );
    expect(disguised.reason).to.include("is none of this answer");
  });

  it("does not start without its binary, or with one that may not be run", async () => {
    const program = parseProvingProgram(`rapidsnark:${join(folder, "missing")}`);
    const options = { models: models.folders, deployment: PAPER_DEPLOYMENT, program };
    expect(await errorOf(startPool(options))).to.be.instanceOf(NoProvingProgramError);
    expect(await errorOf(poolOf("plain", "", 0o644))).to.be.instanceOf(NoProvingProgramError);
  });

  it("is named by its path", () => {
    expect(parseProvingProgram("snarkjs")).to.deep.equal({ kind: "snarkjs" });
    expect(parseProvingProgram("rapidsnark:/opt/prover")).to.deep.equal({ kind: "rapidsnark", path: "/opt/prover" });
    for (const wrong of ["", "rapidsnark", "rapidsnark:", "gnark:/opt/prover"]) {
      expect(() => parseProvingProgram(wrong)).to.throw(UnknownProvingProgramError);
    }
  });
});
