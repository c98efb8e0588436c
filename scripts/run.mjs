// @ts-check
// Runs a script of this project, or a tool that it installs, whatever state the clone is in: under Node 24 or later,
// with the dependencies that the lock file names. It needs nothing installed, and keeps stdout for what it runs.
//
//     node scripts/run.mjs scripts/demo.ts [arguments]
//     node scripts/run.mjs hardhat build

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { runChild } from "./child.mjs";

/**
 * @typedef {{ version?: string; integrity?: string; optional?: boolean; os?: string[]; cpu?: string[]; libc?: string[] }} LockedPackage
 * @typedef {Record<string, LockedPackage>} Packages By their paths.
 */

const NODE_MAJOR = 24;

const [job, ...jobArguments] = process.argv.slice(2);
if (job === undefined) stop("Usage: node scripts/run.mjs <script or tool> [arguments]", 2);
process.chdir(dirname(import.meta.dirname));

const node = Number.parseInt(process.versions.node, 10) >= NODE_MAJOR ? process.execPath : fetchNode();
const env = {
  ...process.env,
  PATH: [dirname(node), process.env["PATH"]].join(delimiter),
  // Hardhat would wait for an answer that nobody gives.
  HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
};
if (!isInstalled()) await install();
const file = job.includes("/") ? job : join("node_modules", ".bin", job);
process.exitCode = await runChild(node, [file, ...jobArguments], { stdio: "inherit", env });

/** @returns {string} The path of a Node that npm has in its cache, or downloads. */
function fetchNode() {
  say(`Node ${process.versions.node} is too old: running under Node ${NODE_MAJOR} from npm.`);
  const [command, args] = npm(process.execPath, [
    "exec",
    "--yes",
    "--prefer-offline",
    `--package=node@${NODE_MAJOR}`,
    "--call=node --print process.execPath",
  ]);
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) stop(`npm could not fetch Node ${NODE_MAJOR}. Install it yourself: https://nodejs.org`);
  return stdout.trim();
}

async function install() {
  say("Installing the dependencies of package-lock.json (npm ci).");
  // The tools are development dependencies, so they are needed whatever NODE_ENV says.
  const [command, args] = npm(node, ["ci", "--include=dev", "--no-audit", "--no-fund"]);
  const code = await runChild(command, args, { stdio: ["ignore", process.stderr, process.stderr], env });
  if (code !== 0) stop(`npm ci failed with exit code ${code}.`, code);
}

/**
 * The npm that started this script, under a Node of choice: npm leaves out what does not fit the Node it runs under,
 * Hardhat's native parts for one.
 *
 * @param {string} under
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
function npm(under, args) {
  const cli = process.env["npm_execpath"];
  return cli?.endsWith("npm-cli.js") ? [under, [cli, ...args]] : ["npm", args];
}

/** Whether `node_modules` holds what the lock file names, by npm's own record of what it installed. */
function isInstalled() {
  const locked = readPackages("package-lock.json");
  const installed = readPackages(join("node_modules", ".package-lock.json"));
  delete locked[""];
  return (
    Object.keys(installed).every((path) => path in locked) &&
    Object.entries(locked).every(([path, wanted]) => {
      const found = installed[path];
      if (found === undefined) return wanted.optional === true && !isForThisPlatform(wanted);
      return found.version === wanted.version && found.integrity === wanted.integrity;
    })
  );
}

/**
 * @param {string} path
 * @returns {Packages}
 */
function readPackages(path) {
  try {
    return /** @type {{ packages: Packages }} */ (JSON.parse(readFileSync(path, "utf8"))).packages;
  } catch {
    return {};
  }
}

/** @param {LockedPackage} wanted */
function isForThisPlatform({ os, cpu, libc }) {
  if (!os?.includes(process.platform) || !cpu?.includes(process.arch)) return false;
  return libc === undefined || libc.includes(libcName());
}

function libcName() {
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

/** @param {string} message */
function say(message) {
  process.stderr.write(`${message}\n`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message, code = 1) {
  say(message);
  process.exit(code);
}
