/** The package as others get it: packed, installed elsewhere, and used from there. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect } from "chai";

import { creationCodeHash } from "../../src/deploy/artifact.ts";
import type { DeploymentRecord } from "../../src/deploy/record.ts";
import { CONTRACTS } from "../../src/deploy/settings.ts";
import { startNode } from "../helpers/node.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

const LOCAL = 31_337;
/** Any account: here the tenth of the development chain's phrase. */
const ATTESTER = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720";
/** What deploys, at the version that is tried here. */
const { devDependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};
const IGNITION = `@nomicfoundation/ignition-core@${devDependencies["@nomicfoundation/ignition-core"]}`;

const PROGRAM = `
import type { Manifest } from "assay/model/manifest/manifest";
import { openModel, type Answer } from "assay/model/bundle/open";
import { escrowAbi } from "assay/protocol/abi/escrow";
import { commitInput } from "assay/protocol/commitment";

const name = (manifest: Manifest): string => manifest.name;
const value = (answer: Answer): unknown => answer.value;
const found = [typeof openModel, escrowAbi.length > 0, commitInput([8], [5n], 1n) === commitInput([8], [5n], 1n)];
console.log(JSON.stringify([...found, name.length, value.length]));
`;

describe("the package", () => {
  let folder: string;
  const inside = (file: string, ...args: string[]) => run(file, args, { cwd: folder });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay package-"));
    await run(process.execPath, ["scripts/build.ts"], { cwd: ROOT });
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT });
    const [packed] = JSON.parse(stdout) as { filename: string }[];
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
    await inside("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, packed?.filename ?? ""));
  });
  after(() => rm(folder, { recursive: true }));

  it("builds a model and answers with it, by its command", async () => {
    await cp(join(ROOT, "models/iris"), join(folder, "iris"), { recursive: true });
    const assay = join(folder, "node_modules/.bin/assay");
    const built = JSON.parse((await inside(assay, "model", "build", "iris", "--json")).stdout) as { id: string };
    const fields = { "sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2 };
    await writeFile(join(folder, "flower.json"), JSON.stringify(fields));
    const { stdout } = await inside(assay, "model", "run", "iris/build", "--input", "flower.json", "--json");
    expect(JSON.parse(stdout)).to.include({ model: built.id, value: "setosa" });
  });

  it("deploys, by its command and with one package beside it, what it was built with", async () => {
    const node = await startNode(LOCAL);
    try {
      const assay = join(folder, "node_modules/.bin/assay");
      await inside("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", IGNITION);
      const attesters = ["--attesters", ATTESTER, "--threshold", "1"];
      const { stdout } = await inside(assay, "deploy", "--rpc", node.rpc, ...attesters, "--json");
      const { deployed, contracts } = JSON.parse(stdout) as {
        deployed: string[];
        contracts: DeploymentRecord["contracts"];
      };
      expect(deployed).to.deep.equal(CONTRACTS);
      for (const name of CONTRACTS) {
        expect(contracts[name]?.creationCodeHash, name).to.equal(await creationCodeHash(name));
      }
    } finally {
      await node.close();
    }
  });

  it("is JavaScript with types, for programs", async () => {
    await writeFile(join(folder, "program.ts"), PROGRAM);
    const found = { typeRoots: [join(ROOT, "node_modules/@types")], types: ["node"] };
    const compilerOptions = { module: "nodenext", target: "esnext", strict: true, noEmit: true, ...found };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
    await inside(process.execPath, join(ROOT, "node_modules/.bin/tsc"), "-p", ".");
    expect(JSON.parse((await inside(process.execPath, "program.ts")).stdout)).to.deep.equal([
      "function",
      true,
      true,
      1,
      1,
    ]);
  });

  it("holds what it needs, and nothing else", async () => {
    const { files } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { files: string[] };
    expect(files).to.deep.equal(["dist", "circuits", "contracts", "!contracts/mocks"]);
    const { stdout } = await inside("ls", "node_modules/assay");
    expect(stdout.trim().split("\n").sort()).to.deep.equal([
      "LICENSE",
      "README.md",
      "circuits",
      "contracts",
      "dist",
      "package.json",
    ]);
  });
});
