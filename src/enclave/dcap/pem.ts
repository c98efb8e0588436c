/** Certificates as text, in the one form that writing them gives: nothing before, between or behind them goes unread. */

const BEGIN = "-----BEGIN CERTIFICATE-----\n";
const END = "-----END CERTIFICATE-----\n";
const LINE = 64;

/** Twice what chains of Intel's have. */
const MOST_CHARACTERS = 8_192;

/** The certificates of a text, in its order. @param name What the text is, for complaints. */
export function readPem(text: string, name: string): readonly Uint8Array<ArrayBuffer>[] {
  if (text.length > MOST_CHARACTERS) {
    throw new MalformedPemError(name, `it has ${text.length} characters, above ${MOST_CHARACTERS}`);
  }
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  const certificates = whole
    .split(END)
    .slice(0, -1)
    .map((block) => decode(block, name));
  if (certificates.map((each) => encode(each)).join("") !== whole) {
    throw new MalformedPemError(name, "it is not certificates alone, in lines of 64 characters");
  }
  return certificates;
}

function decode(block: string, name: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(block.slice(BEGIN.length)), (character) => character.codePointAt(0) ?? 0);
  } catch (cause) {
    throw new MalformedPemError(name, "it is not in base64", { cause });
  }
}

function encode(certificate: Uint8Array): string {
  const base64 = btoa(String.fromCodePoint(...certificate));
  const lines = Array.from({ length: Math.ceil(base64.length / LINE) }, (_, index) =>
    base64.slice(index * LINE, (index + 1) * LINE),
  );
  return `${BEGIN}${lines.map((line) => `${line}\n`).join("")}${END}`;
}

/** A text is no chain of certificates. */
export class MalformedPemError extends Error {
  override readonly name = "MalformedPemError";

  constructor(name: string, complaint: string, options?: ErrorOptions) {
    super(`The ${name} is malformed: ${complaint}. Give certificates in PEM, each right behind the other.`, options);
  }
}
