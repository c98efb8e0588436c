import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../shared/vectors/", import.meta.url));

/** Real documents, which are no part of the project; a test that finds none is skipped, and says so. */
export function readVector(test: Mocha.Context, name: string): Uint8Array {
  const path = `${FOLDER}${name}`;
  if (!existsSync(path)) {
    console.warn(`      skipped: there is no ${path}`);
    return test.skip();
  }
  return Uint8Array.from(readFileSync(path));
}

/** The real Nitro document, and when it was made, in seconds of Unix time. */
export function nitroVector(test: Mocha.Context): { readonly document: Uint8Array; readonly madeAt: number } {
  const text = new TextDecoder().decode(readVector(test, "nitro/production.b64"));
  return { document: Uint8Array.from(Buffer.from(text, "base64")), madeAt: 1_770_918_962 };
}

/** Certificates in PEM, in their order. */
export function fromPem(text: string): Uint8Array[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g);
  return Array.from(blocks, ([, base64 = ""]) => Uint8Array.from(Buffer.from(base64, "base64")));
}
