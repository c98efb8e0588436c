import { parseArgs } from "node:util";

import { hexToBigInt, isAddress, isHex, numberToHex, size, type Address, type Hex } from "viem";

import { openModel, type Answer, type OpenModel } from "../../model/bundle/open.ts";
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { contextOf } from "../../protocol/context.ts";
import { DEVELOPMENT } from "../development.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only, required, UsageError } from "../usage.ts";
import { INPUT_OPTIONS, inputFrom, readJson, saltFrom } from "./input.ts";
import { answerLine, saltLines } from "./words.ts";

export async function proveCommand(args: readonly string[]): Promise<void> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...COMMON,
      ...INPUT_OPTIONS,
      answer: text,
      context: text,
      request: text,
      prover: text,
      escrow: text,
      chain: text,
    },
    allowPositionals: true,
  });
  const folder = only(positionals, "a built model's folder");
  const context = contextFrom(values);
  const salt = saltFrom(values.salt);
  const { answer: file } = values;
  if (file !== undefined && (values.input !== undefined || values.field.length > 0 || salt !== undefined)) {
    throw new UsageError("--answer holds input and salt: give nothing of either beside it.");
  }
  const input = file === undefined ? await inputFrom(values) : undefined;
  const earlier = file === undefined ? undefined : await readJson(file, "an answer");
  await runSteps(values, "Proving", 2, async (step) => {
    step.onStep?.("answering");
    const model = await openModel(folder);
    const answer = earlier === undefined ? model.answer(input, salt) : answerFrom(model, earlier);
    step.onStep?.("proving");
    const { proof, ...claim } = await model.prove(answer, context);
    const lines = [
      answerLine(model, answer),
      `input    ${claim.input}`,
      `output   ${claim.output}`,
      `context  ${claim.context}`,
      `proof    ${proof}`,
      ...saltLines(model, answer),
    ];
    if (model.isDevelopment) lines.push(DEVELOPMENT);
    const json = {
      model: model.id,
      ...claim,
      proof,
      value: answer.value,
      salt: answer.salt.toString(),
      isDevelopment: model.isDevelopment,
    };
    return { json, text: lines.join("\n") };
  });
}

/** An answer that `run --json` printed, computed again: what is proven is what this very model says. */
function answerFrom(model: OpenModel, earlier: unknown): Answer {
  const { fields, salt, ...claims } = (earlier ?? {}) as Record<string, unknown>;
  if (
    !Array.isArray(fields) ||
    !fields.every(Number.isSafeInteger) ||
    typeof salt !== "string" ||
    !/^\d+$/.test(salt)
  ) {
    throw new NotAnAnswerError("it has no fields and salt");
  }
  const answer = model.answerSteps(fields as number[], BigInt(salt));
  for (const [what, found] of [
    ["model", model.id],
    ["input", answer.input],
    ["output", answer.output],
  ] as const) {
    if (claims[what] !== found) throw new NotAnAnswerError(`its ${what} is another`);
  }
  return answer;
}

type ContextValues = Readonly<Record<"context" | "request" | "prover" | "escrow" | "chain", string | undefined>>;

function contextFrom({ context, request, prover, escrow, chain }: Partial<ContextValues>): bigint {
  const parts = { request, prover, escrow, chain };
  const isGiven = Object.values(parts).some((part) => part !== undefined);
  if ((context === undefined) === !isGiven) {
    throw new UsageError("Give either --context, or --request, --prover, --escrow and --chain.");
  }
  if (context === undefined) {
    const deployment = {
      chainId: chainId(required("--chain", chain)),
      escrow: address("--escrow", required("--escrow", escrow)),
    };
    return hexToBigInt(
      contextOf(
        word("--request", required("--request", request)),
        address("--prover", required("--prover", prover)),
        deployment,
      ),
    );
  }
  if (!isHex(context) || context.length === 2 || size(context) > 32) {
    throw new UsageError(`--context takes 0x and up to 64 hex digits, got ${JSON.stringify(context)}.`);
  }
  const value = hexToBigInt(context);
  if (value >= GROUP_ORDER) {
    throw new UsageError(`--context is below ${numberToHex(GROUP_ORDER)}, got ${context}.`);
  }
  return value;
}

function chainId(text: string): number {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new UsageError(`--chain takes a chain's number, got ${JSON.stringify(text)}.`);
}

function word(option: string, value: string): Hex {
  if (isHex(value) && size(value) === 32) return value;
  throw new UsageError(`${option} takes 0x and 64 hex digits, got ${JSON.stringify(value)}.`);
}

function address(option: string, value: string): Address {
  if (isAddress(value)) return value;
  throw new UsageError(`${option} takes an address, got ${JSON.stringify(value)}.`);
}

/** A file is no answer of this model. */
export class NotAnAnswerError extends Error {
  override readonly name = "NotAnAnswerError";

  constructor(reason: string) {
    super(`This is no answer of the model: ${reason}. Give what "run --json" printed for it.`);
  }
}
