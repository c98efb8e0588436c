// Writes docs/config.schema.json anew, after the config's schema has changed.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { format, resolveConfig } from "prettier";

import { configJsonSchema } from "../src/cli/config/json-schema.ts";

const FILE = fileURLToPath(new URL("../docs/config.schema.json", import.meta.url));

const style = await resolveConfig(FILE);
await writeFile(FILE, await format(JSON.stringify(configJsonSchema()), { ...style, filepath: FILE }));
