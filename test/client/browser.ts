/** What runs in browsers needs nothing of Node, directly or through whatever it imports. */
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));
const IMPORT = /(?:^\s*(?:import|export|\}).*\bfrom |^import |\bimport\()"([^"]+)"/gm;

/** Each of them works in browsers; `poseidon-lite`, the curves and the tree are arithmetic. */
const PACKAGES = new Set([
  "viem",
  "viem/accounts",
  "zod",
  "poseidon-lite",
  "@openzeppelin/merkle-tree",
  "cborg",
  "@peculiar/asn1-schema",
  "@peculiar/asn1-x509",
  "@phala/dcap-qvl",
  "@noble/curves/bn254.js",
  "ox/Keystore",
  "ox",
]);

/** Of Node alone, though nothing has to be imported for them. */
const GLOBALS = /\b(?:Buffer|process|__dirname|require|setImmediate|global)\b(?=[.([])/;

const entries = [
  ...filesIn("client"),
  ...filesIn("protocol"),
  join(SOURCE, "x402/client.ts"),
  join(SOURCE, "x402/terms.ts"),
];

function filesIn(folder: string): string[] {
  return readdirSync(join(SOURCE, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(SOURCE, folder, file));
}

/** What a file imports at run time: types leave nothing behind. */
function importsOf(file: string): string[] {
  const source = readFileSync(file, "utf8").replaceAll(/(?:import|export) type [^;]*;/g, "");
  return [...withoutComments(source).matchAll(IMPORT)].map(([, name = ""]) => name);
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

/** Every file that is reached, and the packages that each imports. */
function reachable(): Map<string, string[]> {
  const packages = new Map<string, string[]>();
  const todo = [...entries];
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (packages.has(file)) continue;
    const own: string[] = [];
    for (const name of importsOf(file)) {
      if (name.startsWith(".")) todo.push(resolve(dirname(file), name));
      else own.push(name);
    }
    packages.set(file, own);
  }
  return packages;
}

describe("the client in a browser", () => {
  const reached = reachable();

  it("imports nothing of Node", () => {
    const faults = [...reached].flatMap(([file, names]) =>
      names.filter((name) => isBuiltin(name)).map((name) => `${relative(SOURCE, file)} imports ${name}`),
    );
    expect(faults).to.deep.equal([]);
    expect(reached.size).to.be.greaterThan(entries.length);
  });

  it("imports only packages that work there", () => {
    const faults = [...reached].flatMap(([file, names]) =>
      names.filter((name) => !PACKAGES.has(name)).map((name) => `${relative(SOURCE, file)} imports ${name}`),
    );
    expect(faults).to.deep.equal([]);
  });

  it("uses no globals of Node", () => {
    const faults = [...reached.keys()].filter((file) => GLOBALS.test(withoutComments(readFileSync(file, "utf8"))));
    expect(faults.map((file) => relative(SOURCE, file))).to.deep.equal([]);
  });

  it("reaches no compiler, no gateway and no store", () => {
    const folders = new Set([...reached.keys()].map((file) => relative(SOURCE, file).split("/")[0]));
    expect([...folders].toSorted((a, b) => (a ?? "").localeCompare(b ?? ""))).to.deep.equal([
      "chain",
      "client",
      "enclave",
      "model",
      "protocol",
      "x402",
    ]);
  });
});
