/** The one place that knows what each linear operation sums: interval, circuit and checker ask row by row. */
import type { Conv, LinearOperation } from "./program.ts";

/** One output of a linear operation: `bias + Σ weights[k] * tensors[sources[k]][indices[k]]`. */
export type Row = {
  readonly bias: bigint;
  /** Which of the operation's inputs, index in it, and weight, of each term whose weight is not zero. */
  readonly terms: readonly Term[];
};

export type Term = { readonly source: number; readonly index: number; readonly weight: number };

/**
 * The output at `index` of a linear operation.
 *
 * @param sizes The sizes of the operation's inputs.
 */
export function rowOf(operation: LinearOperation, index: number, sizes: readonly number[]): Row {
  switch (operation.kind) {
    case "dense": {
      const { columns, weights, bias } = operation;
      const row = weights.slice(index * columns, (index + 1) * columns);
      return {
        bias: bias[index] ?? 0n,
        terms: withoutZeros(row.map((weight, at) => ({ source: 0, index: at, weight }))),
      };
    }
    case "conv":
      return convRow(operation, index);
    case "gather":
      return { bias: 0n, terms: located(operation.indices[index] ?? -1, sizes) };
    case "affine": {
      const weight = operation.multipliers[index] ?? 0;
      return { bias: operation.offsets[index] ?? 0n, terms: withoutZeros([{ source: 0, index, weight }]) };
    }
    case "sum":
      return {
        bias: 0n,
        terms: withoutZeros(operation.coefficients.map((weight, source) => ({ source, index, weight }))),
      };
  }
}

function convRow({ geometry, weights, bias }: Conv, index: number): Row {
  const { channels, height, width, filters, groups } = geometry;
  const [kernelHeight, kernelWidth] = geometry.kernel;
  const [outHeight, outWidth] = outputPlane(geometry);
  const filter = Math.floor(index / (outHeight * outWidth));
  const top = (Math.floor(index / outWidth) % outHeight) * geometry.strides[0] - geometry.pads[0];
  const left = (index % outWidth) * geometry.strides[1] - geometry.pads[1];
  const depth = channels / groups;
  const firstChannel = Math.floor(filter / (filters / groups)) * depth;
  const terms: Term[] = [];
  for (let channel = 0; channel < depth; channel++) {
    for (let row = 0; row < kernelHeight; row++) {
      const y = top + row * geometry.dilations[0];
      if (y < 0 || y >= height) continue;
      for (let column = 0; column < kernelWidth; column++) {
        const x = left + column * geometry.dilations[1];
        if (x < 0 || x >= width) continue;
        const weight = weights[((filter * depth + channel) * kernelHeight + row) * kernelWidth + column] ?? 0;
        if (weight !== 0) terms.push({ source: 0, index: ((firstChannel + channel) * height + y) * width + x, weight });
      }
    }
  }
  return { bias: bias[filter] ?? 0n, terms };
}

/** How many rows and columns a filter's plane has. */
export function outputPlane({ height, width, kernel, strides, dilations, pads }: Conv["geometry"]): [number, number] {
  const along = (size: number, axis: 0 | 1): number => {
    const reach = dilations[axis] * (kernel[axis] - 1) + 1;
    return Math.floor((size - reach) / strides[axis]) + 1;
  };
  return [along(height + pads[0] + pads[2], 0), along(width + pads[1] + pads[3], 1)];
}

function located(index: number, sizes: readonly number[]): Term[] {
  if (index < 0) return [];
  let rest = index;
  for (const [source, size] of sizes.entries()) {
    if (rest < size) return [{ source, index: rest, weight: 1 }];
    rest -= size;
  }
  return [];
}

function withoutZeros(terms: readonly Term[]): Term[] {
  return terms.filter(({ weight }) => weight !== 0);
}
