// @ts-check
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** A terminal sends its interrupt to the child too: it is enough to outlive the child. */
const outlive = () => {};

/**
 * Runs a program to its end and answers its exit code; as shells do, 128 plus the signal's number if one ended it.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>}
 */
export function runChild(file, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, options);
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => child.kill(signal);
    process.on("SIGINT", outlive).on("SIGTERM", forward).on("SIGHUP", forward);

    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("SIGINT", outlive).off("SIGTERM", forward).off("SIGHUP", forward);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
