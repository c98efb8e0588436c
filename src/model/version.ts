import { createRequire } from "node:module";

/** Which compiler built a model: part of its manifest. */
export const { version: ASSAY_VERSION } = createRequire(import.meta.url)("../../package.json") as { version: string };
