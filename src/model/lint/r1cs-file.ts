/** Reads all constraints of a compiled circuit. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { circuitSizeOf } from "../ceremony/circuit-file.ts";
import { MalformedFileError, readSections } from "../ceremony/sections.ts";

/** `Σ coefficients[i] * wires[i]`: wires rise, and coefficients are in [1, GROUP_ORDER). Wire 0 is the constant one. */
export type Combination = { readonly wires: readonly number[]; readonly coefficients: readonly bigint[] };

/** `a * b = c`. */
export type Constraint = { readonly a: Combination; readonly b: Combination; readonly c: Combination };

/** A circuit's constraints. Its wires are the constant one, outputs, public inputs, private inputs, and all others. */
export type Constraints = {
  readonly wires: number;
  readonly outputs: number;
  readonly publicInputs: number;
  readonly privateInputs: number;
  readonly rows: readonly Constraint[];
};

const HEADER = 1;
const ROWS = 2;
const FIELD_BYTES = 32;

/** Reads a circuit's constraints from the bytes that circom wrote. */
export async function readConstraints(r1cs: Uint8Array): Promise<Constraints> {
  // It checks the header, and that the field is the right one.
  const { constraints: count } = await circuitSizeOf(r1cs);
  const sections = await readSections(r1cs, "r1cs", [HEADER, ROWS]);
  const header = sections.get(HEADER) ?? Buffer.alloc(0);
  const [wires, outputs, publicInputs, privateInputs] = [36, 40, 44, 48].map((at) => header.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (1 + outputs + publicInputs + privateInputs > wires) throw malformed("it has more inputs and outputs than wires");

  const reader = new RowReader(sections.get(ROWS) ?? Buffer.alloc(0), wires);
  const rows: Constraint[] = [];
  for (let row = 0; row < count; row++) {
    rows.push({ a: reader.combination(), b: reader.combination(), c: reader.combination() });
  }
  reader.end();
  return { wires, outputs, publicInputs, privateInputs, rows };
}

/** The first private input, and the first wire that is no input: what is between is private. */
export function privateRange(circuit: Constraints): { readonly first: number; readonly end: number } {
  const first = 1 + circuit.outputs + circuit.publicInputs;
  return { first, end: first + circuit.privateInputs };
}

/** Whether a wire is given to the prover from outside: any other one, outputs included, comes out of a computation. */
export function isInput(circuit: Constraints, wire: number): boolean {
  return wire > circuit.outputs && wire < privateRange(circuit).end;
}

/** The wires that a constraint is about, without the constant one. */
export function wiresOf({ a, b, c }: Constraint): Set<number> {
  const wires = new Set([...a.wires, ...b.wires, ...c.wires]);
  wires.delete(0);
  return wires;
}

class RowReader {
  readonly #bytes: Buffer;
  readonly #wires: number;
  #position = 0;

  constructor(bytes: Buffer, wires: number) {
    this.#bytes = bytes;
    this.#wires = wires;
  }

  combination(): Combination {
    const count = this.#number();
    if (this.#position + count * (4 + FIELD_BYTES) > this.#bytes.length) throw malformed("a constraint is cut off");
    const terms: [number, bigint][] = [];
    let isRising = true;
    for (let i = 0; i < count; i++) {
      const wire = this.#number();
      const coefficient = this.#element();
      if (wire >= this.#wires) throw malformed(`a constraint names wire ${wire} of ${this.#wires}`);
      if (i > 0 && wire <= (terms[i - 1]?.[0] ?? 0)) isRising = false;
      if (coefficient >= GROUP_ORDER) throw malformed("a coefficient is not below the field's size");
      terms.push([wire, coefficient]);
    }
    if (!isRising) terms.sort(([left], [right]) => left - right);
    const isRepeated = terms.some(([wire], i) => i > 0 && terms[i - 1]?.[0] === wire);
    if (isRepeated) throw malformed("a constraint names a wire twice");
    const present = terms.filter(([, coefficient]) => coefficient !== 0n);
    return { wires: present.map(([wire]) => wire), coefficients: present.map(([, coefficient]) => coefficient) };
  }

  end(): void {
    const left = this.#bytes.length - this.#position;
    if (left > 0) throw malformed(`${left} bytes follow its last constraint`);
  }

  #number(): number {
    if (this.#position + 4 > this.#bytes.length) throw malformed("a constraint is cut off");
    this.#position += 4;
    return this.#bytes.readUInt32LE(this.#position - 4);
  }

  #element(): bigint {
    const at = this.#position;
    this.#position += FIELD_BYTES;
    const [low, second, third, high] = [0, 8, 16, 24].map((offset) => this.#bytes.readBigUInt64LE(at + offset)) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    // Most are small, and BigInts of several words are slow to make.
    return high === 0n && third === 0n && second === 0n
      ? low
      : low | (second << 64n) | (third << 128n) | (high << 192n);
  }
}

function malformed(reason: string): MalformedFileError {
  return new MalformedFileError("The circuit", "r1cs", reason);
}
