/** How large a compiled circuit is, from its header alone. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { publicPhase1For } from "./known-phase1.ts";
import { MalformedFileError, fromLittleEndian, readSections } from "./sections.ts";

export type CircuitSize = {
  /** All constraints, linear ones included. */
  readonly constraints: number;
  /** Inputs and outputs that a verifier sees. */
  readonly publicSignals: number;
  /** What a phase 1 needs room for: Groth16 adds a row for every public signal, and one for the constant. */
  readonly rows: number;
};

const HEADER = 1;
const FIELD_BYTES = 32;
const HEADER_BYTES = 4 + FIELD_BYTES + 4 * 4 + 8 + 4;

/** Reads a circuit's size from its constraints, given by path or as bytes. */
export async function circuitSizeOf(r1cs: string | Uint8Array): Promise<CircuitSize> {
  const header = (await readSections(r1cs, "r1cs", [HEADER])).get(HEADER);
  const name = typeof r1cs === "string" ? r1cs : "The circuit";
  if (header?.length !== HEADER_BYTES) throw new MalformedFileError(name, "r1cs", "its header has another length");
  const prime = fromLittleEndian(header.subarray(4, 4 + FIELD_BYTES));
  if (header.readUInt32LE(0) !== FIELD_BYTES || prime !== GROUP_ORDER) {
    throw new MalformedFileError(name, "r1cs", "it is over another field than BN254's");
  }
  const [outputs, inputs] = [header.readUInt32LE(40), header.readUInt32LE(44)];
  const constraints = header.readUInt32LE(60);
  return { constraints, publicSignals: outputs + inputs, rows: constraints + outputs + inputs + 1 };
}

/** Refuses a circuit that has more rows than a phase 1 has room for. */
export function checkFits({ rows }: CircuitSize, phase1: { readonly name: string; readonly capacity: number }): void {
  if (rows > phase1.capacity) throw new CircuitTooLargeError(rows, phase1.capacity, phase1.name);
}

/** A circuit does not fit on a phase 1. */
export class CircuitTooLargeError extends Error {
  override readonly name = "CircuitTooLargeError";
  readonly rows: number;
  readonly capacity: number;

  constructor(rows: number, capacity: number, phase1: string) {
    const larger = publicPhase1For(rows);
    const advice = larger === undefined ? "No known phase 1 has more: make the model smaller" : `Take ${larger}`;
    super(`The circuit has ${rows} rows with its public signals, and ${phase1} has room for ${capacity}. ${advice}.`);
    this.rows = rows;
    this.capacity = capacity;
  }
}
