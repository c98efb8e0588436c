import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";

import { expect } from "chai";
import { config } from "hardhat";

const ROOT = config.paths.root;
const SOURCES = fileURLToPath(new URL("../../src/protocol", import.meta.url));
const FOLDER = path.join(config.paths.cache, "examples");

type Example = { export: string; file: string; code: string };

/** An example imports what a user would; here that is the source. */
function resolveImports(code: string): string {
  return code.replaceAll(/"assay\/protocol\/([\w-]+)"/g, (_, module: string) =>
    JSON.stringify(path.relative(FOLDER, path.join(SOURCES, `${module}.ts`))),
  );
}

function examplesIn(source: string, text: string): Example[] {
  const blocks = text.matchAll(/@example\n \* ```ts\n((?: \*.*\n)*?) \* ```[^]*?\nexport (?:async )?\w+ (\w+)/g);
  return [...blocks].map(([, block = "", name = ""]) => ({
    export: name,
    file: path.join(FOLDER, `${path.parse(source).name}-${name}.ts`),
    code: resolveImports(block.replaceAll(/^ \* ?/gm, "")),
  }));
}

function exportsIn(text: string): string[] {
  return [...text.matchAll(/^export (?:async )?\w+ (\w+)/gm)].map(([, name = ""]) => name);
}

/** What an example says that it prints: the comments behind its `console.log`s. */
function promisesOf(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, promise = ""]) => promise);
}

async function printedBy(file: string): Promise<string[]> {
  const printed: string[] = [];
  const log = console.log;
  console.log = (...values: unknown[]) => printed.push(format(...values));
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
  }
  return printed;
}

describe("the examples of src/protocol", () => {
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith(".ts"));
  const examples: Example[] = [];

  before(() => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const { file, code } of examples) writeFileSync(file, code);
  });

  for (const source of sources) {
    const text = readFileSync(path.join(SOURCES, source), "utf8");
    const found = examplesIn(source, text);
    examples.push(...found);

    describe(source, () => {
      it("has one for each export", () => {
        expect(found.map((example) => example.export)).to.deep.equal(exportsIn(text));
      });

      it("needs nothing that a browser lacks", () => {
        expect(text).not.to.match(/from "node:|\b(?:Buffer|process|require|__dirname)\b[.(]/);
      });

      for (const { export: name, file, code } of found) {
        it(`shows ${name} as it is`, async () => {
          expect(promisesOf(code)).not.to.have.length(0);
          expect(await printedBy(file)).to.deep.equal(promisesOf(code));
        });
      }
    });
  }

  it("all have right types", () => {
    const project = path.join(FOLDER, "tsconfig.json");
    const extended = path.relative(FOLDER, path.join(ROOT, "tsconfig.json"));
    writeFileSync(project, JSON.stringify({ extends: extended, compilerOptions: { noEmit: true }, include: ["*.ts"] }));
    const tsc = path.join(ROOT, "node_modules/.bin/tsc");
    const { stdout, status } = spawnSync(tsc, ["--project", project], { encoding: "utf8" });
    expect(stdout).to.equal("");
    expect(status).to.equal(0);
  });
});
