/** Private weights on disk: what everyone gets is a proof; what the author keeps is all that is needed to answer. */
import type { G1Point } from "../../protocol/bn254.ts";
import { describe } from "../../protocol/describe.ts";
import { closedJson } from "../closed-json.ts";
import type { WeightsProof } from "../private-weights/knowledge.ts";
import type { Secrets } from "../program/secrets.ts";

/** The weights by step, and the number that hides them in the key. */
export type PrivateWeights = {
  readonly secrets: Secrets;
  readonly blinding: bigint;
  /** SHA-256 of the proof that they are known, so that one model's weights are not taken for another's. */
  readonly proof: string;
};

const json = closedJson("file", (field, expected, given) => new MalformedWeightsError(field, expected, given));
const { object, list, matching } = json;
const DECIMAL = /^-?\d{1,78}$/;

export function formatWeights({ secrets, blinding, proof }: PrivateWeights): string {
  const all = { proof, blinding, steps: secrets };
  return `${JSON.stringify(all, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))}\n`;
}

export function parseWeights(text: string): PrivateWeights {
  const all = object(json.parse(text), "file", ["proof", "blinding", "steps"]);
  const steps = all["steps"];
  if (typeof steps !== "object" || steps === null) throw new MalformedWeightsError("steps", "an object", steps);
  const secrets = Object.entries(steps).map(([step, value]) => {
    const { weights, bias } = object(value, step, ["weights", "bias"]);
    const numbers = list(weights, `${step}.weights`).map((weight) => {
      if (!Number.isSafeInteger(weight)) throw new MalformedWeightsError(`${step}.weights`, "integers", weight);
      return weight as number;
    });
    return [step, { weights: numbers, bias: list(bias, `${step}.bias`).map((each) => integer(each, `${step}.bias`)) }];
  });
  return {
    proof: matching(all["proof"], "proof", /^[0-9a-f]{64}$/, "a SHA-256"),
    blinding: integer(all["blinding"], "blinding"),
    secrets: Object.fromEntries(secrets) as Secrets,
  };
}

export function formatWeightsProof({ constant, commitment, responses }: WeightsProof): string {
  const all = {
    constant: coordinates(constant),
    commitment: coordinates(commitment),
    responses: responses.map(String),
  };
  return `${JSON.stringify(all)}\n`;
}

function coordinates({ x, y }: G1Point): string[] {
  return [x.toString(), y.toString()];
}

export function parseWeightsProof(text: string): WeightsProof {
  const all = object(json.parse(text), "file", ["constant", "commitment", "responses"]);
  const point = (field: "constant" | "commitment"): G1Point => {
    const [x, y] = list(all[field], field);
    return { x: integer(x, field), y: integer(y, field) };
  };
  return {
    constant: point("constant"),
    commitment: point("commitment"),
    responses: list(all["responses"], "responses").map((each) => integer(each, "responses")),
  };
}

function integer(value: unknown, field: string): bigint {
  return BigInt(matching(value, field, DECIMAL, "a decimal integer in quotes"));
}

/** A file of private weights, or of their proof, does not have its form. */
export class MalformedWeightsError extends Error {
  override readonly name = "MalformedWeightsError";
  readonly field: string;

  constructor(field: string, expected: string, given: unknown) {
    super(`In the file of weights, ${field} must be ${expected}, got ${describe(given)}. Build the model again.`);
    this.field = field;
  }
}
