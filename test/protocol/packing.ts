import { expect } from "chai";

import {
  BadLayoutError,
  CountMismatchError,
  MAX_BITS,
  OutOfRangeError,
  pack,
  StrayBitsError,
  unpack,
  type Field,
} from "../../src/protocol/packing.ts";
import { deployProtocol, RUNS } from "../helpers/protocol.ts";
import { fuzz, times, type Random } from "../helpers/random.ts";

const offsetOf = ({ bits, encoding }: Field): bigint => (encoding === "offset" ? 2n ** BigInt(bits - 1) : 0n);

/** Fields of up to 252 bits in all; every fourth layout uses them up. */
function randomFields(random: Random): Field[] {
  const fields: Field[] = [];
  let free = random.below(4) === 0 ? MAX_BITS : 1 + random.below(MAX_BITS);
  while (free > 0) {
    const bits = 1 + random.below(random.pick([free, Math.min(free, 16), Math.min(free, 64)]));
    fields.push({ bits, encoding: random.pick(["plain", "offset"]) });
    free -= bits;
  }
  return fields;
}

const randomValues = (fields: readonly Field[], random: Random): bigint[] =>
  fields.map((field) => random.uint(field.bits) - offsetOf(field));

describe("packing", () => {
  it("packs as Solidity packs, and back", () =>
    fuzz(async (random) => {
      const { harness } = await deployProtocol();
      await Promise.all(
        times(RUNS, async () => {
          const fields = randomFields(random);
          const values = randomValues(fields, random);
          const [bits, offsets] = [fields.map((field) => field.bits), fields.map(offsetOf)];

          const packed = pack(fields, values);
          expect(packed).to.equal(await harness.read.pack([bits, offsets, values]));
          expect(unpack(fields, packed)).to.deep.equal(values);
          expect(await harness.read.unpack([bits, offsets, packed])).to.deep.equal(values);
        }),
      );
    }));

  it("takes both ends of a field's range, and nothing beyond", () => {
    for (const bits of [1, 2, 8, 251, 252]) {
      for (const encoding of ["plain", "offset"] as const) {
        const field: Field = { bits, encoding };
        const lowest = -offsetOf(field);
        const highest = lowest + 2n ** BigInt(bits) - 1n;
        expect(pack([field], [lowest])).to.equal(0n);
        expect(pack([field], [highest])).to.equal(2n ** BigInt(bits) - 1n);
        for (const value of [lowest - 1n, highest + 1n]) {
          expect(() => pack([field], [value]))
            .to.throw(OutOfRangeError)
            .include({ index: 0, field, value });
        }
      }
    }
  });

  it("puts the first field lowest", () => {
    const byte: Field = { bits: 8, encoding: "plain" };
    expect(pack([byte, byte, byte], [1n, 2n, 3n])).to.equal(0x030201n);
  });

  it("refuses widths that are no positive integers", () => {
    for (const bits of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => pack([{ bits, encoding: "plain" }], [0n])).to.throw(BadLayoutError);
      expect(() => unpack([{ bits, encoding: "plain" }], 0n)).to.throw(BadLayoutError);
    }
  });

  it("refuses more than 252 bits in all", () => {
    const half: Field = { bits: 126, encoding: "plain" };
    expect(pack([half, half], [0n, 0n])).to.equal(0n);
    const fields: Field[] = [half, half, { bits: 1, encoding: "plain" }];
    expect(() => pack(fields, [0n, 0n, 0n]))
      .to.throw(BadLayoutError)
      .include({ index: 2, bits: 253 });
    expect(() => unpack(fields, 0n)).to.throw(BadLayoutError);
  });

  it("refuses more or fewer values than fields", () => {
    const fields: Field[] = times(2, () => ({ bits: 8, encoding: "plain" }) as const);
    for (const values of [[], [1n], [1n, 2n, 3n]]) {
      expect(() => pack(fields, values))
        .to.throw(CountMismatchError)
        .include({ fields: 2, values: values.length });
    }
  });

  it("refuses to unpack bits that belong to no field", () => {
    const fields: Field[] = [{ bits: 8, encoding: "plain" }];
    for (const packed of [256n, 2n ** 252n, -1n]) {
      expect(() => unpack(fields, packed))
        .to.throw(StrayBitsError)
        .include({ packed, bits: 8 });
    }
  });
});
