/** Files that people name, and that may not be there. */
import { readFile, writeFile } from "node:fs/promises";

/** Reads a file, or says which one could not be read. */
export function readWhole(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new UnreadableFileError(path, cause);
  });
}

/** Writes a file, or says which one could not be written. */
export function writeAt(path: string, content: string): Promise<void> {
  return writeFile(path, content).catch((cause: unknown) => {
    throw new UnwritableFileError(path, cause);
  });
}

/** Whether the system refused something for this reason. */
export function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is none, or no folder for it",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file",
  EACCES: "its permissions forbid it",
  EPERM: "its permissions forbid it",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
};

function reasonOf(cause: unknown): string {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

/** A file cannot be read. */
export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`${path} cannot be read: ${reasonOf(cause)}. Check the path.`, { cause });
    this.path = path;
  }
}

/** A file cannot be written. */
export class UnwritableFileError extends Error {
  override readonly name = "UnwritableFileError";
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`${path} cannot be written: ${reasonOf(cause)}. Check the path.`, { cause });
    this.path = path;
  }
}
