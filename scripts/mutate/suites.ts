/** Which tests look at a mutant, the quickest to notice it first. */
import { basename } from "node:path";

import { GAS_TESTS } from "../hardhat/compilers.ts";
import type { Mutant } from "./mutants.ts";

/** The build profile for tests that measure gas. */
export const EXACT_BUILD = "exact";

/** Tests that only hold for optimized code, since they measure the gas that another is left with. */
const GAS_LIMITED = "OrReverts|BurnsAllGas|WithTheGasItPromises";

/** Where the library is held against the contracts. */
const PARITY = /\/protocol\/(?:authorization|claim|receipt|receipt-tree|request|vault)\.ts$/;

/** How many test files are tried before all of them. */
const NEAREST = 8;

/** Some tests, as arguments of Hardhat, and as those of what it runs before them. */
export type Suite = {
  readonly name: string;
  readonly before?: readonly string[];
  readonly arguments: readonly string[];
};

export type TestFiles = {
  readonly solidity: readonly string[];
  /** With their handlers, which the runner only finds among what it was told to build. */
  readonly invariants: readonly string[];
  readonly mocha: readonly string[];
};

/** Builds what all tests of the library share. */
export const BUILD: Suite = { name: "the build", arguments: ["build", "--no-tests"] };

/** The suites to run on a mutant, until one fails. */
export function suitesFor(mutant: Mutant, files: TestFiles): Suite[] {
  if (isVerifier(mutant.file)) return verifierSuites(mutant, files);
  const nearest = nearestTests(mutant, files.solidity);
  const first = nearest.length === 0 ? [] : [quick(nearest.map(titleOf).join(", "), nearest)];
  return [...first, quick("all Solidity tests", files.solidity), ...lastSuites(files)];
}

/** The suites that any of these mutants is tested with. */
export function suitesForAny(mutants: readonly Mutant[], files: TestFiles): Suite[] {
  const suites = mutants.flatMap((mutant) => suitesFor(mutant, files));
  return [...new Map(suites.map((suite) => [suite.name, suite])).values()];
}

function verifierSuites({ entries, file }: Mutant, { mocha }: TestFiles): Suite[] {
  const named = (name: string): string[] => mocha.filter((each) => each.endsWith(`/groth16/${name}.ts`));
  const publish: Suite = {
    name: "groth16/publish.ts",
    // Of all that is built from a verifier, these tests need the least.
    before: ["build", "--no-tests", "contracts/verifiers/Groth16Verifier.sol"],
    arguments: ["test", "mocha", "--no-compile", "--bail", "--", ...named("publish")],
  };
  const verify: Suite = { name: "groth16/verify.ts", arguments: ["test", "mocha", "--bail", "--", ...named("verify")] };
  const curve: Suite = { name: "groth16/curve.ts", arguments: ["test", "mocha", "--bail", "--", ...named("curve")] };
  const both = entries.includes("verify") ? [verify, publish] : [publish, verify];
  return file.endsWith("/BN254.sol") ? [...both, curve] : both;
}

function lastSuites({ solidity, invariants, mocha }: TestFiles): Suite[] {
  const parity = mocha.filter((file) => PARITY.test(file));
  const gas = solidity.filter((file) => GAS_TESTS.has(basename(file)));
  return [
    { name: "tests of the library", arguments: ["test", "mocha", "--bail", "--", ...parity] },
    exact("tests of gas", gas, "--grep", GAS_LIMITED),
    quick("invariants", invariants),
  ];
}

function exact(name: string, files: readonly string[], ...filter: readonly string[]): Suite {
  const build = ["--build-profile", EXACT_BUILD];
  return { name, arguments: [...build, "test", "solidity", "--no-compile", ...filter, "--", ...files] };
}

function quick(name: string, files: readonly string[]): Suite {
  return { name, arguments: ["test", "solidity", "--no-compile", "--grep-exclude", GAS_LIMITED, "--", ...files] };
}

/** Test files are named after a contract, or after a function, then after what they look at. */
function nearestTests({ file, entries }: Mutant, tests: readonly string[]): string[] {
  const names = [basename(file, ".sol"), ...entries].map((name) => name.toLowerCase());
  const isNear = (test: string): boolean => {
    const name = titleOf(test).toLowerCase();
    return names.some((each) => name.startsWith(each) || each.endsWith(name));
  };
  return tests.filter(isNear).slice(0, NEAREST);
}

function titleOf(test: string): string {
  return basename(test, ".t.sol");
}

function isVerifier(file: string): boolean {
  return /\/(?:Groth16Verifier|BN254)\.sol$/.test(file);
}
