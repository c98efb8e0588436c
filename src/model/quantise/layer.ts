/** A program while it grows: each graph tensor so far, as integers and what they stand for. */
import { signedBits } from "../integers.ts";
import { inputIntervals, intervalsAfter, type Interval } from "../program/intervals.ts";
import type { Operation, Step } from "../program/program.ts";

/** A graph's tensor in a program: number i is about `integers[i] * scales[i] + offsets[i]`. */
export type Quantised = {
  readonly tensor: string;
  readonly scales: Float64Array;
  readonly offsets: Float64Array;
};

/** What is known of the layer that is being quantised. */
export type Layer = {
  readonly id: string;
  readonly origin: string;
  readonly weightBits: number;
  readonly activationBits: number;
  /** The least and the largest number of the layer's real output over the calibration rows. */
  readonly least: number;
  readonly most: number;
};

/** Collects steps, with the intervals of their numbers. */
export class ProgramBuilder {
  readonly steps: Step[] = [];
  readonly intervals: Map<string, readonly Interval[]>;

  constructor(widths: readonly number[]) {
    this.intervals = new Map([["input", inputIntervals(widths)]]);
  }

  /** Adds a step, and answers the name of its tensor. */
  add(layer: Pick<Layer, "id" | "origin">, size: number, operation: Operation): string {
    const names = new Set(this.intervals.keys());
    let id = layer.id;
    for (let at = 1; names.has(id); at++) id = `${layer.id}.${at}`;
    const step = { id, size, origin: layer.origin, operation };
    this.steps.push(step);
    this.intervals.set(id, intervalsAfter(step, this.intervals));
    return id;
  }

  /** The most bits that a number of a tensor takes, sign included. */
  bitsOf(tensor: string): number {
    return Math.max(1, ...(this.intervals.get(tensor) ?? []).map(({ lo, hi }) => signedBits(lo, hi)));
  }
}

/** A tensor whose numbers all stand for the same multiple. */
export function uniform(tensor: string, size: number, scale: number): Quantised {
  return { tensor, scales: new Float64Array(size).fill(scale), offsets: new Float64Array(size) };
}

/** The one scale of a tensor whose numbers can be compared and added as they are. */
export function scaleOf({ scales, offsets }: Quantised): number | undefined {
  const [scale] = scales;
  const isOne = scales.every((each) => each === scale) && offsets.every((each) => each === 0);
  return isOne ? scale : undefined;
}
