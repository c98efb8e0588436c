/** The config's schema for editors. */
import { z } from "zod";

import { configSchema } from "./schema.ts";

/** The JSON Schema of a config as it is written, before it is read. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema("."), { io: "input" });
}
