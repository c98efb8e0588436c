/**
 * Runs the programs that circom writes to compute witnesses. A program is compiled once and then stays warm, since
 * compiling takes longer than running.
 */
import { GROUP_ORDER } from "../protocol/bn254.ts";

/** A circuit's inputs by name; numbers go as bigint or decimal strings. */
export type CircuitInputs = Record<string, bigint | string | readonly (bigint | string)[]>;

/** What circom's WebAssembly exports: numbers pass through a window of 32-bit words, the lowest first. */
type Exports = {
  readonly init: (sanityChecks: number) => void;
  readonly getFieldNumLen32: () => number;
  readonly getInputSize: () => number;
  readonly getInputSignalSize: (nameHigh: number, nameLow: number) => number;
  readonly setInputSignal: (nameHigh: number, nameLow: number, index: number) => void;
  readonly readSharedRWMemory: (word: number) => number;
  readonly writeSharedRWMemory: (word: number, value: number) => void;
  readonly getWitnessSize: () => number;
  readonly getWitness: (wire: number) => void;
  readonly getMessageChar: () => number;
};

const programs = new WeakMap<Uint8Array, Promise<WebAssembly.Module>>();

/** Every wire's value for these inputs, as a `.wtns` file. Throws where the circuit has no witness for them. */
export async function witnessOf(wasm: Uint8Array, inputs: CircuitInputs): Promise<Uint8Array> {
  const compiled = programs.get(wasm) ?? WebAssembly.compile(Uint8Array.from(wasm));
  programs.set(wasm, compiled);
  const program = await start(await compiled);
  program.init(1);
  let given = 0;
  for (const [name, value] of Object.entries(inputs)) {
    const values = Array.isArray(value) ? (value as readonly (bigint | string)[]) : [value as bigint | string];
    setInput(program, name, values);
    given += values.length;
  }
  if (given < program.getInputSize()) {
    throw new NoWitnessError(`it takes ${program.getInputSize()} inputs, got ${given}`);
  }
  return toFile(program);
}

/** An instance of its own for each witness: one that refused an input is of no further use. */
async function start(module: WebAssembly.Module): Promise<Exports> {
  const messages: string[] = [];
  const instance = await WebAssembly.instantiate(module, {
    runtime: {
      exceptionHandler: (code: number) => {
        throw new NoWitnessError([FAULTS[code] ?? `fault ${code}`, ...messages].join(": "));
      },
      printErrorMessage: () => messages.push(readMessage(program)),
      writeBufferMessage: () => readMessage(program),
      showSharedRWMemory: () => {},
    },
  });
  const program = instance.exports as unknown as Exports;
  return program;
}

/** By the codes of circom's programs. */
const FAULTS: Readonly<Record<number, string>> = {
  1: "there is no such input",
  2: "an input has too many values",
  3: "an input is given twice",
  4: "a constraint does not hold",
  5: "there is not enough memory",
  6: "an input has too many values",
  7: "an index is out of bounds",
};

function readMessage(program: Exports): string {
  let message = "";
  for (let code = program.getMessageChar(); code !== 0; code = program.getMessageChar()) {
    message += String.fromCodePoint(code);
  }
  return message.trim();
}

function setInput(program: Exports, name: string, values: readonly (bigint | string)[]): void {
  const hash = hashName(name);
  const [high, low] = [Number(hash >> 32n), Number(hash & 0xffffffffn)];
  const size = program.getInputSignalSize(high, low);
  if (size < 0) throw new NoWitnessError(`it has no input ${name}`);
  if (size !== values.length) throw new NoWitnessError(`its input ${name} takes ${size} values, got ${values.length}`);
  const words = program.getFieldNumLen32();
  for (const [index, value] of values.entries()) {
    const number = BigInt(value);
    if (number < 0n || number >= GROUP_ORDER) {
      throw new NoWitnessError(`${name}[${index}] is ${number}, which is no element of the field`);
    }
    for (let word = 0; word < words; word++) {
      program.writeSharedRWMemory(word, Number((number >> BigInt(32 * word)) & 0xffffffffn));
    }
    program.setInputSignal(high, low, index);
  }
}

/** FNV-1a in 64 bits, by which circom's programs find their inputs. */
function hashName(name: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}

/** Two sections: the field and how many wires there are; then the wires, the lowest byte first. */
function toFile(program: Exports): Uint8Array {
  const words = program.getFieldNumLen32();
  const wires = program.getWitnessSize();
  const bytes = 4 * words;
  const head = [0x736e7477, 2, 2, 1, 8 + bytes, 0, bytes];
  const order = Array.from({ length: words }, (_, word) => Number((GROUP_ORDER >> BigInt(32 * word)) & 0xffffffffn));
  const size = wires * bytes;
  const preamble = [...head, ...order, wires, 2, size % 2 ** 32, Math.floor(size / 2 ** 32)];
  const file = new Uint32Array(preamble.length + wires * words);
  file.set(preamble);
  for (let wire = 0; wire < wires; wire++) {
    program.getWitness(wire);
    const at = preamble.length + wire * words;
    for (let word = 0; word < words; word++) file[at + word] = program.readSharedRWMemory(word);
  }
  return new Uint8Array(file.buffer);
}

/** A circuit has no witness for the inputs given. */
export class NoWitnessError extends Error {
  override readonly name = "NoWitnessError";

  constructor(reason: string) {
    super(`The circuit has no witness for these inputs: ${reason}.`);
  }
}
