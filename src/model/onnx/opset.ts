import { OnnxError } from "./error.ts";
import type { ModelProto } from "./schema.ts";

/** The two domains whose operators are known, and their versions that are. */
export const DOMAINS = { "": { oldest: 9, newest: 21 }, "ai.onnx.ml": { oldest: 1, newest: 5 } } as const;

export type Domain = keyof typeof DOMAINS;

/** Which version of a domain's operators a node uses. Domains that a model declares and does not use do not matter. */
export function opsetOf(model: ModelProto, domain: string, user: string): { domain: Domain; version: number } {
  const known = canonical(domain);
  if (!isKnown(known)) throw new UnknownOpsetError(user, domain, undefined);
  const versions = (model.opsetImport ?? [])
    .filter((opset) => canonical(opset.domain ?? "") === known)
    .map((opset) => opset.version ?? 0);
  const version = versions.length === 0 ? undefined : Math.max(...versions);
  const { oldest, newest } = DOMAINS[known];
  if (version === undefined || version < oldest || version > newest) throw new UnknownOpsetError(user, domain, version);
  return { domain: known, version };
}

/** The default domain has two names. */
const canonical = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

const isKnown = (domain: string): domain is Domain => Object.hasOwn(DOMAINS, domain);

/** A domain of operators, or a version of one, that is not known. */
export class UnknownOpsetError extends OnnxError {
  override readonly name = "UnknownOpsetError";
  constructor(user: string, domain: string, version: number | undefined) {
    const known = Object.entries(DOMAINS).map(
      ([name, { oldest, newest }]) => `${name === "" ? "ai.onnx" : name} ${oldest} to ${newest}`,
    );
    super(
      `${user} is an operator of domain "${domain === "" ? "ai.onnx" : domain}", ` +
        `${version === undefined ? "of which the model declares no known version" : `opset ${version}`}. ` +
        `Known are ${known.join(" and ")}.`,
    );
  }
}
