import { bn254 } from "@noble/curves/bn254";

import type { G2Point } from "../../src/protocol/bn254.ts";

/** A point of the twist whose order is not the group's: nearly every point is one. */
export function outsideSubgroup(): G2Point {
  const { Fp2 } = bn254.fields;
  const b = Fp2.mul(Fp2.inv(Fp2.fromBigTuple([9n, 1n])), 3n);
  for (let start = 1n; ; start++) {
    const x = Fp2.fromBigTuple([start, 5n]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    // An element of this field is a square exactly when its norm is one in the field below.
    const norm = (square.c0 ** 2n + square.c1 ** 2n) % bn254.fields.Fp.ORDER;
    if (bn254.fields.Fp.pow(norm, (bn254.fields.Fp.ORDER - 1n) / 2n) !== 1n) continue;
    const y = Fp2.sqrt(square);
    if (bn254.G2.ProjectivePoint.fromAffine({ x, y }).isTorsionFree()) continue;
    return { xImaginary: x.c1, xReal: x.c0, yImaginary: y.c1, yReal: y.c0 };
  }
}
