/** A program while it grows: each graph tensor so far, as integers and what they stand for. */
import { signedBits } from "../integers.ts";
import { inputIntervals, intervalsAfter, type Interval } from "../program/intervals.ts";
import type { Dense, Operation, Step } from "../program/program.ts";
import { MAX_BITS } from "../../protocol/packing.ts";
import { sumBits, WideSumError } from "../program/secrets.ts";

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
  /** Settled by the author; else it follows from the numbers seen, or from the weights. */
  readonly shift?: number;
  readonly sumBits?: number;
  /** What the answer is counted in, where this layer gives it. */
  readonly unit?: number;
  /** The least and the largest number of the layer's real output over the calibration rows. */
  readonly least: number;
  readonly most: number;
};

/** Collects steps, with the intervals of their numbers. */
export class ProgramBuilder {
  readonly steps: Step[] = [];
  readonly intervals: Map<string, readonly Interval[]>;

  readonly #isPrivate: boolean;
  /** By the step, where the author settled how wide its sums are. */
  readonly #settled = new Map<string, number>();

  constructor(widths: readonly number[], isPrivate = false) {
    this.#isPrivate = isPrivate;
    this.intervals = new Map([["input", inputIntervals(widths)]]);
  }

  /** Adds a step, and answers the name of its tensor. */
  add(layer: Pick<Layer, "id" | "origin">, size: number, operation: Operation): string {
    const names = new Set(this.intervals.keys());
    let id = layer.id;
    for (let at = 1; names.has(id); at++) id = `${layer.id}.${at}`;
    if (operation.kind === "rescale" || operation.kind === "relu") {
      this.#roundFor(operation.input, operation.shifts[0] ?? 0);
    }
    this.#put({ id, size, origin: layer.origin, operation });
    return id;
  }

  /** Adds a dense layer, whose weights are kept out of the program if all are. */
  addDense(layer: Layer, size: number, dense: Dense): string {
    if (!this.#isPrivate) return this.add(layer, size, dense);
    const { input, columns, weights, bias } = dense;
    const secret = { weights, bias };
    const id = this.add(layer, size, { kind: "privateDense", input, columns, bits: 2, shift: 0, secret });
    if (layer.sumBits !== undefined) this.#settled.set(id, layer.sumBits);
    this.#roundFor(id, 0);
    return id;
  }

  #put(step: Step): void {
    this.steps.push(step);
    this.intervals.set(step.id, intervalsAfter(step, this.intervals));
  }

  /** Private sums that are shifted next are cut to bits where half of what divides them is added already. */
  #roundFor(id: string, shift: number): void {
    const last = this.steps.at(-1);
    if (last?.id !== id || last.operation.kind !== "privateDense") return;
    this.steps.pop();
    const inputs = this.intervals.get(last.operation.input) ?? [];
    const bits = this.#settled.get(id) ?? sumBits(id, last.operation, last.size, shift, inputs);
    if (bits > MAX_BITS) throw new WideSumError(id, bits, MAX_BITS);
    this.#put({ ...last, operation: { ...last.operation, shift, bits } });
  }

  /** The most bits that a number of a tensor takes, sign included. */
  bitsOf(tensor: string): number {
    return Math.max(1, ...(this.intervals.get(tensor) ?? []).map(({ lo, hi }) => signedBits(lo, hi)));
  }
}

/** A scale that is the layer's unit divided by a power of two, and hardly finer than asked, if it has a unit. */
export function snapped(scale: number, { unit }: Pick<Layer, "unit">): number {
  return unit === undefined ? scale : unit / 2 ** Math.max(0, Math.ceil(Math.log2(unit / scale)));
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
