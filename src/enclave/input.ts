/** What was asked, as it is committed to: the whole of it, under a salt, since prompts can be guessed. */
import { concat, sha256, stringToHex, type Hex } from "viem";

import { canonicalJson, type Json } from "../protocol/canonical-json.ts";

const DOMAIN = stringToHex("Assay attested input v1\n");

/** The commitment to a request's body: model, parameters, tools, attachments and all. @param salt 32 bytes. */
export function hashInput(body: Json, salt: Hex): Hex {
  return sha256(concat([DOMAIN, salt, stringToHex(canonicalJson(body))]));
}
