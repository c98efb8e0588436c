/** Whose key a command takes. */
import type { Hex } from "viem";

import type { Config } from "../config/schema.ts";
import { privateKeyOf, ROLES, type Role } from "../secrets.ts";
import { UsageError } from "../usage.ts";

/** The role that `--as` names, if any. */
export function roleOption(text: string | undefined): Role | undefined {
  const role = ROLES.find((each) => each === text);
  if (text === undefined || role !== undefined) return role;
  throw new UsageError(`--as takes one of ${ROLES.join(", ")}, got ${JSON.stringify(text)}.`);
}

/** The key of a role: from the file that is named, or else from where the config or the environment has it. */
export async function keyOf(role: Role, keystore: string | undefined, config: Config | undefined): Promise<Hex> {
  return privateKeyOf(role, keystore ?? config?.[role]?.keystore, process.env);
}
