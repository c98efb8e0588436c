/** Reads the values of wires out of a witness. */
import { GROUP_ORDER } from "../protocol/bn254.ts";
import { fromLittleEndian } from "./ceremony/sections.ts";

const FIELD_BYTES = 32;
/** Magic, version, number of sections; then a section's type and length; the field's size, the field, the count; the next section's head. */
const VALUES_AT = 12 + 12 + 4 + FIELD_BYTES + 4 + 12;
const COUNT_AT = 12 + 12 + 4 + FIELD_BYTES;

/** The values of a circuit's wires, from the bytes of a witness (version 2, its two sections in their usual order). */
export function readWitness(witness: Uint8Array, wires: number): bigint[] {
  const bytes = Buffer.from(witness.buffer, witness.byteOffset, witness.byteLength);
  if (bytes.toString("latin1", 0, 4) !== "wtns") throw new MalformedWitnessError("it does not begin with wtns");
  if (bytes.length !== VALUES_AT + wires * FIELD_BYTES || bytes.readUInt32LE(COUNT_AT) !== wires) {
    throw new MalformedWitnessError(`it does not hold exactly ${wires} values, as the circuit has wires`);
  }
  if (fromLittleEndian(bytes.subarray(COUNT_AT - FIELD_BYTES, COUNT_AT)) !== GROUP_ORDER) {
    throw new MalformedWitnessError("it is over another field than BN254's");
  }
  return Array.from({ length: wires }, (_, wire) => valueAt(bytes, wire));
}

/** The public signals of a circuit among the first wires of its witness: what it says before anything is proven. */
export function publicSignalsOf(witness: Uint8Array, count: number): bigint[] {
  const bytes = Buffer.from(witness.buffer, witness.byteOffset, witness.byteLength);
  // The first wire is the constant one.
  return Array.from({ length: count }, (_, signal) => valueAt(bytes, 1 + signal));
}

function valueAt(witness: Buffer, wire: number): bigint {
  const at = VALUES_AT + wire * FIELD_BYTES;
  return fromLittleEndian(witness.subarray(at, at + FIELD_BYTES));
}

/** A witness is damaged, or of another circuit. */
export class MalformedWitnessError extends Error {
  override readonly name = "MalformedWitnessError";

  constructor(reason: string) {
    super(`The witness cannot be read: ${reason}. Compute it with the program that was compiled with the constraints.`);
  }
}
