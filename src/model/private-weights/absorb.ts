/**
 * How a key takes private weights in: `IC0' = IC0 + Σ v_k IC_k` over the packed weights and a blinding number. Who has the
 * new key sees a model of three public signals, and checks a proof as ever.
 */
import { bn254 } from "@noble/curves/bn254.js";

import { checkG1, type G1Point } from "../../protocol/bn254.ts";
import { reduce } from "../field.ts";
import type { VerificationKey } from "../groth16.ts";
import { PUBLIC_SIGNALS } from "../signals.ts";

/** The points that a shape's key has for private weights, after those of the signals that stay public. */
export function weightPoints({ IC }: VerificationKey): G1Point[] {
  return IC.slice(1 + PUBLIC_SIGNALS).map((point) => pointOf(point));
}

/** The key of one model, from the key of its shape and the constant point that holds its weights. */
export function absorbed(key: VerificationKey, constant: G1Point): VerificationKey {
  const first: VerificationKey["IC"][number] = [constant.x.toString(), constant.y.toString(), "1"];
  return { ...key, nPublic: PUBLIC_SIGNALS, IC: [first, ...key.IC.slice(1, 1 + PUBLIC_SIGNALS)] };
}

/** The constant point of a key. */
export function constantOf({ IC }: VerificationKey): G1Point {
  return pointOf(IC[0] ?? []);
}

/** `Σ scalars[k] * points[k]`. */
export function combinePoints(points: readonly G1Point[], scalars: readonly bigint[]): G1Point {
  const [used, factors]: [Curve[], bigint[]] = [[], []];
  for (const [index, point] of points.entries()) {
    const factor = reduce(scalars[index] ?? 0n);
    if (factor === 0n) continue;
    used.push(toCurve(point));
    factors.push(factor);
  }
  const { x, y } = (
    used.length === 0 ? bn254.G1.ProjectivePoint.ZERO : bn254.G1.ProjectivePoint.msm(used, factors)
  ).toAffine();
  return { x, y };
}

type Curve = typeof bn254.G1.ProjectivePoint.ZERO;

function toCurve({ x, y }: G1Point): Curve {
  return bn254.G1.ProjectivePoint.fromAffine({ x, y });
}

function pointOf([x = "0", y = "0"]: readonly string[]): G1Point {
  return checkG1({ x: BigInt(x), y: BigInt(y) }, "IC");
}
