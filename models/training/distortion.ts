/** Digits as other hands would have written them: shifted, turned, slanted and resized by a little. */
import { SIDE } from "../data/digits.ts";
import type { Random } from "./random.ts";

/** By how much each number of the map may be off: sizes and slants as parts, shifts in pixels. */
export type Distortion = { readonly resize: number; readonly slant: number; readonly shift: number };

const CENTRE = (SIDE - 1) / 2;

/**
 * A random linear map of the image's plane. Turning is slanting both ways at once, which needs no sines: a file that is
 * to be the same everywhere is made without functions that engines may round differently.
 */
export function distorted(image: Float64Array, { resize, slant, shift }: Distortion, random: Random): Float64Array {
  const within = (reach: number): number => (2 * random.unit() - 1) * reach;
  const [turn, lean] = [within(slant), within(slant)];
  const [xx, xy] = [1 + within(resize), lean + turn];
  const [yx, yy] = [lean - turn, 1 + within(resize)];
  const [right, down] = [within(shift), within(shift)];
  const result = new Float64Array(image.length);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const x = xx * (column - CENTRE) + xy * (row - CENTRE) + CENTRE + right;
      const y = yx * (column - CENTRE) + yy * (row - CENTRE) + CENTRE + down;
      result[row * SIDE + column] = between(image, x, y);
    }
  }
  return result;
}

/** The brightness at a place between four pixels; there is only paper around the image. */
function between(image: Float64Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  if (left < 0 || top < 0 || left >= SIDE - 1 || top >= SIDE - 1) return 0;
  const [along, below] = [x - left, y - top];
  const at = top * SIDE + left;
  const upper = (image[at] as number) * (1 - along) + (image[at + 1] as number) * along;
  const lower = (image[at + SIDE] as number) * (1 - along) + (image[at + SIDE + 1] as number) * along;
  return upper * (1 - below) + lower * below;
}
