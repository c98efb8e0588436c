/** Reading a built model's folder. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { digest } from "../cache.ts";
import { FILES, MissingFileError, WrongFileError } from "./files.ts";

export type BundleFiles = ReturnType<typeof bundleFiles>;

/** Each file is read once: what was hashed is what is used, whoever else writes to the folder. */
export function bundleFiles(folder: string) {
  const known = new Map<string, Promise<Buffer>>();
  const bytes = (file: keyof typeof FILES): Promise<Buffer> => {
    const content = known.get(file) ?? readFile(join(folder, FILES[file]));
    known.set(file, content);
    return content.catch((cause: unknown) => {
      throw new MissingFileError(folder, FILES[file], { cause });
    });
  };
  return {
    bytes,
    text: async (file: keyof typeof FILES) => (await bytes(file)).toString("utf8"),
    expectHash: async (file: keyof typeof FILES, expected: string): Promise<void> => {
      const found = digest(await bytes(file));
      if (found !== expected) throw new WrongFileError(FILES[file], found, expected);
    },
  };
}
