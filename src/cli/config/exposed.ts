/** Secrets that somebody wrote into a config. They are looked for before anything of it is quoted. */

const SECRET_NAME = /private_?key|secret|mnemonic|password|passphrase|seed/i;
/** 32 bytes in hex: no key of a config takes that, but for a list of hashes. */
const PRIVATE_KEY = /^(0x)?[0-9a-f]{64}$/i;
const HASHES = "measurements";
const PHRASE = /^([a-z]{3,8}\s+){11,23}[a-z]{3,8}$/;

/** Where in a config something looks like a secret, and what it looks like. */
export type Exposed = { readonly path: readonly PropertyKey[]; readonly looksLike: string };

/** The first thing that looks like a secret. */
export function findExposed(value: unknown, path: readonly PropertyKey[] = []): Exposed | undefined {
  if (typeof value === "string") {
    const isHash = path.at(-2) === HASHES && value.startsWith("0x");
    const looksLike = isHash ? undefined : secretIn(value);
    return looksLike === undefined ? undefined : { path, looksLike };
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (SECRET_NAME.test(key)) return { path: here, looksLike: "a secret" };
    const found = findExposed(inner, here);
    if (found !== undefined) return found;
  }
  return undefined;
}

function secretIn(text: string): string | undefined {
  const trimmed = text.trim();
  if (PRIVATE_KEY.test(trimmed)) return "a private key";
  if (PHRASE.test(trimmed)) return "a wallet's phrase";
  if (URL.canParse(trimmed) && new URL(trimmed).password !== "") return "an address with a password";
  return undefined;
}
