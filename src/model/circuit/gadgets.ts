/**
 * The gadgets of `circuits/`, as the generator uses them, and what each costs. This is all that a generated circuit
 * consists of, so that its constraints are known before it is compiled.
 */
import { MAX_BITS } from "../../protocol/packing.ts";
import { bitLength, larger } from "../integers.ts";
import type { Expression, Wire } from "./expression.ts";

export type Gadget = "LinearBits" | "Relu" | "Product" | "OneHot" | "Wire";

/** One use of a gadget. */
export type Instance = {
  readonly gadget: Gadget;
  /** The gadget's parameters, as circom reads them. */
  readonly parameters: string;
  readonly inputs: readonly Wire[];
  /** In the order of the gadget's declaration. */
  readonly outputs: readonly Output[];
  readonly cost: Cost;
  /** The layer that it belongs to. */
  readonly layer: string;
};

export type Output = { readonly first: Wire; readonly count: number; readonly isArray: boolean };

/** Constraints that multiply, and those that do not. */
export type Cost = { readonly nonlinear: number; readonly linear: number };

/** Where gadgets are put, and wires come from. */
export class Circuit {
  readonly instances: Instance[] = [];
  #wires: number;
  #layer = "";

  /** @param inputs How many wires there are from the start. */
  constructor(inputs: number) {
    this.#wires = inputs;
  }

  get wires(): number {
    return this.#wires;
  }

  /** Names the layer of what is put from now on. */
  enter(layer: string): void {
    this.#layer = layer;
  }

  /** Bits 1 to `bits - 1` of an expression in [0, 2^bits). */
  bits(value: Expression, bits: number): Wire[] {
    this.#admit(bits);
    const { inputs, weights } = spread([value]);
    const high = this.#put("LinearBits", [inputs.length, weights[0], value.constant, bits], inputs, [bits - 1], bits);
    return high[0] as Wire[];
  }

  /** `max(0, floor(value / 2^shift))` of an expression in [-2^(bits-1), 2^(bits-1)), and the bits that it is made from. */
  relu(value: Expression, bits: number, shift: number): { high: Wire[]; out: Wire } {
    this.#admit(bits);
    const { inputs, weights } = spread([value]);
    const parameters = [inputs.length, weights[0], value.constant, bits, shift] as const;
    const [high, out] = this.#put("Relu", parameters, inputs, [bits - 1, undefined], bits + 1);
    return { high: high as Wire[], out: (out as Wire[])[0] as Wire };
  }

  product(left: Expression, right: Expression): Wire {
    const { inputs, weights } = spread([left, right]);
    const parameters = [inputs.length, weights[0], left.constant, weights[1], right.constant] as const;
    return this.#put("Product", parameters, inputs, [undefined], 1)[0]?.[0] as Wire;
  }

  /** For thresholds within (lowest, highest], one wire each, of which the one of the value's bin is set. */
  oneHot(value: Expression, lowest: bigint, thresholds: readonly bigint[], highest: bigint): Wire[] {
    const { inputs, weights } = spread([value]);
    const edges = [lowest, ...thresholds, highest + 1n];
    const widest = edges.slice(1).reduce((most, edge, at) => larger(most, edge - (edges[at] ?? 0n)), 0n);
    const bits = Math.max(2, bitLength(widest - 1n));
    // All bins together, or two of them could be the same modulo the field's size.
    this.#admit(bitLength(highest - lowest));
    const count = thresholds.length;
    const parameters = [inputs.length, weights[0], value.constant, lowest, count, thresholds, highest, bits] as const;
    return this.#put("OneHot", parameters, inputs, [count], count + 1 + 2 * bits)[0] as Wire[];
  }

  /** A wire that is equal to an expression. */
  wire(value: Expression): Wire {
    const { inputs, weights } = spread([value]);
    return this.#put("Wire", [inputs.length, weights[0], value.constant], inputs, [undefined], 0, 1)[0]?.[0] as Wire;
  }

  /** Bits of larger numbers would not be unique modulo the field's size. */
  #admit(bits: number): void {
    if (bits > MAX_BITS) throw new NumberTooWideError(this.#layer, bits);
  }

  #put(
    gadget: Gadget,
    parameters: readonly Parameter[],
    inputs: readonly Wire[],
    outputs: readonly (number | undefined)[],
    nonlinear: number,
    linear = 0,
  ): Wire[][] {
    if (inputs.length === 0) throw new ConstantGadgetError(gadget, this.#layer);
    const placed = outputs.map((count) => {
      const first = this.#wires;
      this.#wires += count ?? 1;
      return { first, count: count ?? 1, isArray: count !== undefined };
    });
    this.instances.push({
      gadget,
      parameters: parameters.map(write).join(", "),
      inputs,
      outputs: placed,
      cost: { nonlinear, linear },
      layer: this.#layer,
    });
    return placed.map(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
  }
}

type Parameter = number | bigint | readonly (number | bigint)[] | undefined;

function write(parameter: Parameter): string {
  return Array.isArray(parameter) ? `[${parameter.join(", ")}]` : String(parameter);
}

/** The wires of some expressions together, and each expression's weights for them. */
function spread(expressions: readonly Expression[]): { inputs: Wire[]; weights: bigint[][] } {
  const inputs = [...new Set(expressions.flatMap(({ terms }) => [...terms.keys()]))];
  return { inputs, weights: expressions.map(({ terms }) => inputs.map((wire) => terms.get(wire) ?? 0n)) };
}

/** The generator asked for a gadget where there is nothing to prove: a mistake of its own. */
export class ConstantGadgetError extends Error {
  override readonly name = "ConstantGadgetError";

  constructor(gadget: Gadget, layer: string) {
    super(`Layer ${layer} puts a ${gadget} on a constant. Fold it before the circuit is planned.`);
  }
}

/** A number may be larger than a field element tells apart. */
export class NumberTooWideError extends Error {
  override readonly name = "NumberTooWideError";
  readonly layer: string;

  constructor(layer: string, bits: number) {
    super(
      `The numbers of layer ${layer} take ${bits} bits, and a circuit can cut at most ${MAX_BITS}. Use fewer bits for ` +
        "weights or activations.",
    );
    this.layer = layer;
  }
}
