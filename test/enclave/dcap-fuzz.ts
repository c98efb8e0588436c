import { expect } from "chai";

import { collateralSchema } from "../../src/enclave/evidence.ts";
import { fuzz, type Random } from "../helpers/random.ts";
import { describeVector, KINDS, outcomeOf, type Vector } from "./dcap-vectors.ts";

/** Of quotes, most of which end at once; and of collaterals, each of which costs a chain or two. */
const QUOTES = 9_500;
const COLLATERALS = 500;

describe("verifyDcap, of random changes to real quotes", () => {
  for (const kind of KINDS) {
    describeVector(kind, `of ${kind.toUpperCase()}`, (vector) => {
      it("refuses every quote, and never fails otherwise", async function () {
        this.timeout(120_000);
        await fuzz(async (random) => {
          const { quote, collateral } = vector();
          for (let run = 0; run < QUOTES; run += 1) {
            const changed = changeBytes(quote, random);
            const outcome = await outcomeOf({ quote: changed, collateral });
            if (isMore(changed, quote)) expect(outcome, `run ${run}`).to.be.a("string");
          }
        });
      });

      it("refuses every collateral, and never fails otherwise", async function () {
        this.timeout(120_000);
        await fuzz(async (random) => {
          for (let run = 0; run < COLLATERALS; run += 1) {
            const changed = changeCollateral(vector(), random);
            expect(await outcomeOf(changed), `run ${run}`).to.be.a("string");
          }
        });
      });
    });
  }
});

/** Whether it differs in more than the zeros behind it. */
function isMore(changed: Uint8Array, quote: Uint8Array): boolean {
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1").replace(/\0+$/, "");
  return textOf(changed) !== textOf(quote);
}

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff] as const;

function changeBytes(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const changed = Uint8Array.from(bytes);
  const at = random.below(changed.length);
  switch (random.below(8)) {
    case 0:
      return changed.slice(0, at);
    case 1:
      return Uint8Array.from([...changed.slice(0, at), ...changed.slice(random.below(changed.length))]);
    case 2:
      return Uint8Array.from({ length: random.below(6_000) }, () => random.below(256));
    case 3:
      return Uint8Array.from([...changed, ...changed.slice(at)]);
    case 4:
      // Sizes and kinds stand in front.
      changed.fill(random.pick(EDGES), at % 1_300, (at % 1_300) + 1 + random.below(8));
      return changed;
    default:
      for (let count = 0; count <= random.below(4); count += 1) changed[random.below(1_300)] = random.below(256);
      return changed;
  }
}

function changeCollateral({ quote, collateral }: Vector, random: Random): Vector {
  const names = collateralSchema.keyof().options.filter((name) => name !== "pck_certificate_chain");
  const name = names[random.below(names.length)] ?? "tcb_info";
  const text = collateral[name];
  const at = random.below(text.length);
  const other = collateral[names[random.below(names.length)] ?? "pck_crl"];
  const changed = [
    () => text.slice(0, at),
    () => text.slice(at + 1),
    () => `${text.slice(0, at)}${text.slice(at + 1 + random.below(20))}`,
    () => `${text.slice(0, at)}${String.fromCodePoint(random.below(0xd8_00))}${text.slice(at)}`,
    () => `${text.slice(0, at)}${text}`,
    () => (other === text ? "" : other),
    () => text.repeat(1 + 100_000 / text.length),
    () => "[".repeat(100_000),
  ];
  const made = changed[random.below(changed.length)]?.() ?? "";
  // A text that grew by nothing is as it was, and chains may or may not end with their line.
  const value = made.trimEnd() === text.trimEnd() ? "" : made;
  return { quote, collateral: { ...collateral, [name]: value } };
}
