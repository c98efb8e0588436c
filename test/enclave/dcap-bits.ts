import { expect } from "chai";

import { collateralSchema } from "../../src/enclave/evidence.ts";
import { describeVector, KINDS, outcomeOf, type Vector } from "./dcap-vectors.ts";

/** Prime, so that over all of a text it meets every place of a line, of an encoded byte, and of a character. */
const STRIDE = 61;
/** Signatures are checked on other threads. */
const AT_ONCE = 16;

describe("a real quote with one bit changed", () => {
  for (const kind of KINDS) {
    describeVector(kind, `of ${kind.toUpperCase()}`, (vector) => {
      it("is refused, whichever byte of the quote it is in", async function () {
        this.timeout(120_000);
        const { quote, collateral } = vector();
        const changed = Array.from(quote.keys(), (index) => ({
          place: `byte ${index}`,
          make: (): Vector => ({ quote: quote.with(index, (quote[index] ?? 0) ^ (1 << (index % 8))), collateral }),
        }));
        await expectRefused(changed);
      });

      it("is refused, whichever part of the collateral it is in", async function () {
        this.timeout(120_000);
        const { quote, collateral } = vector();
        const changed = collateralSchema.keyof().options.flatMap((name) => {
          const text = collateral[name] ?? "";
          const places = Math.ceil(text.length / STRIDE);
          return Array.from({ length: places }, (_, place) => ({
            place: `${name} ${place * STRIDE}`,
            make: (): Vector => ({ quote, collateral: { ...collateral, [name]: flip(text, place * STRIDE) } }),
          }));
        });
        await expectRefused(changed);
      });

      it("is refused, cut at any length", async () => {
        const { quote, collateral } = vector();
        // The zeros behind a quote are none of it.
        const end = quote.findLastIndex((byte) => byte !== 0) + 2;
        for (let length = 0; length < end; length += 1) {
          const outcome = await outcomeOf({ quote: quote.slice(0, length), collateral });
          expect(outcome, `${length} bytes`).to.equal("MalformedQuoteError");
        }
      });
    });
  }
});

type Change = { readonly place: string; readonly make: () => Vector };

async function expectRefused(changes: readonly Change[]): Promise<void> {
  for (let start = 0; start < changes.length; start += AT_ONCE) {
    const batch = changes.slice(start, start + AT_ONCE);
    const outcomes = await Promise.all(batch.map(async ({ make }) => outcomeOf(make())));
    for (const [index, outcome] of outcomes.entries()) expect(outcome, batch[index]?.place).to.be.a("string");
  }
}

/** Changes one bit of one character; which one goes round with the place. */
function flip(text: string, index: number): string {
  const changed = String.fromCodePoint((text.codePointAt(index) ?? 0) ^ (1 << (index % 7)));
  return `${text.slice(0, index)}${changed}${text.slice(index + 1)}`;
}
