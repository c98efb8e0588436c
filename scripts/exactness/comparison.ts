/** Holds a program's executor against its circuit, which must agree to the last bit. */
import { executorOf, outputOf } from "../../src/model/program/execute.ts";
import type { Program } from "../../src/model/program/program.ts";
import { publicSignalsOf } from "../../src/model/witness-file.ts";
import { witnessOf } from "../../src/model/witness.ts";
import { commitInput, commitOutput, revealInput } from "../../src/protocol/commitment.ts";
import { pack } from "../../src/protocol/packing.ts";
import { circuitInputsOf, PUBLIC_SIGNALS, type Asked } from "../../src/model/signals.ts";

/** A program, and what computes the witnesses of its circuit. */
export type Compared = { readonly program: Program; readonly wasm: Uint8Array };

/** What both are asked, and why it was chosen. */
export type Case = Asked & { readonly kind: CaseKind };

export type CaseKind = "end" | "bound" | "tie" | "random";

/** A case in which they differ: what each says of commitment, answer and context, or why it says nothing. */
export type Mismatch = { readonly asked: Case; readonly executor: string; readonly circuit: string };

/** Any number serves: what it hides is not published here. */
const BLINDING = 987_654_321n;

/** Prepares a comparison, which answers nothing where both agree. */
export function comparisonOf({ program, wasm }: Compared): (asked: Case) => Promise<Mismatch | undefined> {
  const execute = executorOf(program);
  const inputsOf = circuitInputsOf(program, BLINDING);
  const { input, output } = program;

  const executor = ({ fields, salt, context }: Case): string => {
    const values = fields.map(BigInt);
    const packed = pack(output.fields, outputOf(program, execute(fields)));
    const commitment =
      input.visibility === "hidden" ? commitInput(input.widths, values, salt) : revealInput(input.widths, values);
    return [commitment, output.visibility === "hidden" ? commitOutput(packed, salt) : packed, context].join(" ");
  };
  const circuit = async (asked: Case): Promise<string> => {
    return publicSignalsOf(await witnessOf(wasm, inputsOf(asked)), PUBLIC_SIGNALS).join(" ");
  };

  return async (asked) => {
    const [ours, theirs] = [await answerOf(() => executor(asked)), await answerOf(() => circuit(asked))];
    return ours === theirs ? undefined : { asked, executor: ours, circuit: theirs };
  };
}

/** A refusal is an answer too, and never the same as the other's. */
async function answerOf(ask: () => string | Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    return String(error);
  }
}
