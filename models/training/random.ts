/** Random numbers that one seed decides, so that whoever runs a training script again gets the same files. */
export type Random = {
  /** At least 0, and below 1. */
  unit(): number;
  /** A whole number from 0 to `end - 1`. */
  below(end: number): number;
  /** Close to normally distributed, with mean 0 and deviation 1. */
  normal(): number;
  pick<const T>(values: readonly [T, ...T[]]): T;
};

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;

  // A Weyl sequence, mixed by the finalizer of MurmurHash3.
  function unit(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
  }

  const below = (end: number): number => Math.floor(unit() * end);

  return {
    unit,
    below,
    normal() {
      // Twelve uniform numbers have a variance of one; unlike logarithms, sums are the same in every engine.
      let sum = -6;
      for (let count = 0; count < 12; count++) sum += unit();
      return sum;
    },
    pick: (values) => values[below(values.length)] ?? values[0],
  };
}
