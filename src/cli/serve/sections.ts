/** A command needs a part of the config that is not there. */
export class MissingSectionError extends Error {
  override readonly name = "MissingSectionError";

  constructor(file: string, section: string, says: string) {
    super(`The config ${file} has no "${section}", which says ${says}. docs/config.md shows one.`);
  }
}
