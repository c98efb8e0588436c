/** Ten thousand digits, written by hand, from the package `mnist`. */
import { createRequire } from "node:module";

/** How many pixels a row and a column have. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
const CLASSES = 10;
/** Of each file, which holds one digit many times over, every fifth image is never trained on: the fifth, tenth, ... */
const HELD_OUT = 5;
/** Pixels at least as bright as this are ink. */
const INK = 0.5;

/** Pixels go row by row, from 0 for paper to 1 for ink. */
export type Digit = { readonly pixels: Float64Array; readonly label: number };

export type Digits = { readonly training: readonly Digit[]; readonly heldOut: readonly Digit[] };

/** All digits, class by class. */
export function readDigits(): Digits {
  const require = createRequire(import.meta.url);
  const training: Digit[] = [];
  const heldOut: Digit[] = [];
  for (let label = 0; label < CLASSES; label++) {
    const { data } = require(`mnist/src/digits/${label}.json`) as { data: readonly number[] };
    for (let image = 0; image * PIXELS < data.length; image++) {
      const pixels = Float64Array.from(data.slice(image * PIXELS, (image + 1) * PIXELS));
      const split = image % HELD_OUT === HELD_OUT - 1 ? heldOut : training;
      split.push({ pixels, label });
    }
  }
  return { training, heldOut };
}

/** What the models take: each pixel is one bit, ink or paper, since each bit costs a proof one constraint. */
export function inkOf(pixels: Float64Array): Float64Array {
  return pixels.map((brightness) => (brightness >= INK ? 1 : 0));
}
