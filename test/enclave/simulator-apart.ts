import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { fingerprintOf, keepRoot, makeRoot } from "assay-simulator/root";
import { expect } from "chai";

import { REAL_ROOTS } from "../../src/enclave/roots.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** Everything that a file imports, as far as its text says: packages by their names, files by their paths here. */
async function importsOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8");
  const named = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["'`]([^"'`]+)["'`]/g);
  return Array.from(named, ([, name = ""]) =>
    name.startsWith(".") ? relative(ROOT, resolve(dirname(file), name)) : name,
  );
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

const isSimulator = (name: string) => /^(assay-)?simulator(\/|$)/.test(name);

describe("the simulator", () => {
  it("is imported by nothing under src/, nor named there", async () => {
    const files = (await filesBelow("src")).filter((file) => /\.(ts|mjs|js)$/.test(file));
    expect(files.length).to.be.above(100);
    for (const file of files) {
      expect((await importsOf(file)).filter(isSimulator), file).to.deep.equal([]);
      expect(await readFile(file, "utf8"), file).not.to.include("assay-simulator");
    }
    expect((await importsOf(import.meta.filename)).filter(isSimulator)).to.deep.equal(["assay-simulator/root"]);
  });

  it("imports nothing from src/, so that what is verified was not written by the same code", async () => {
    const files = (await filesBelow("simulator")).filter((file) => file.endsWith(".ts"));
    expect(files.length).to.be.above(10);
    for (const file of files) {
      const outside = (await importsOf(file)).filter((name) => !name.startsWith("node:") && !isSimulator(name));
      expect(outside, file).to.deep.equal([]);
    }
  });

  it("is no dependency of the package, nor in what is published of it", async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    expect(Object.keys(manifest.dependencies)).not.to.include("assay-simulator");
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: ROOT });
    const [packed] = JSON.parse(stdout) as readonly [{ readonly files: readonly { readonly path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    expect(paths).to.include("package.json");
    expect(paths.filter((path) => path.includes("simulator"))).to.deep.equal([]);
  });

  it("has roots that are none of a platform, another each time", () => {
    const roots = [makeRoot("nitro"), makeRoot("nitro"), makeRoot("tdx"), makeRoot("tdx")].map(fingerprintOf);
    expect(new Set([...roots, ...Object.values(REAL_ROOTS)]).size).to.equal(6);
  });

  it("keeps a root in a folder, for each platform its own, readable by its owner alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "assay-simulator-"));
    try {
      const [first, second] = await Promise.all([keepRoot("nitro", folder), keepRoot("nitro", folder)]);
      const again = await keepRoot("nitro", folder);
      expect(fingerprintOf(again)).to.equal(fingerprintOf(first)).and.to.equal(fingerprintOf(second));
      expect(fingerprintOf(await keepRoot("tdx", folder))).not.to.equal(fingerprintOf(first));
      const { mode } = await stat(join(folder, "nitro-root.json"));
      expect(mode & 0o077).to.equal(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
