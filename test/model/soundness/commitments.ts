import { expect } from "chai";

import type { CompiledCircuit } from "../../../src/model/compile.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { commitInput, commitOutput, revealInput } from "../../../src/protocol/commitment.ts";
import {
  brokenBy,
  expectHonest,
  expectRefused,
  forge,
  gadgetAlone,
  isAccepted,
  targetOf,
  type Target,
} from "../../helpers/forged.ts";

const COMMITMENT = 1;
const FIRST = 2;
const SALT = 77n;

const honestly = async (circuit: CompiledCircuit, ...x: readonly bigint[]): Promise<Target> => {
  const target = await targetOf(circuit, { x });
  await expectHonest(target);
  return target;
};
/** Lies about x, under the commitment that is known to all. */
const under = ({ honest }: Target, ...lies: readonly (readonly [number, bigint])[]): Map<number, bigint> => {
  return new Map([[COMMITMENT, honest[COMMITMENT] ?? 0n], ...lies]);
};

after(() => stopThreads());

describe("CommitInput", () => {
  const use = (checked: string): string => `c <== CommitInput(2, [4, 4], ${checked})([x[0], x[1]], x[2]);`;
  let target: Target;

  before(async () => {
    target = await honestly(await gadgetAlone("commit-input", "signal output c;", use("[1, 1]"), 3), 3n, 5n, SALT);
  });

  it("refuses another commitment", async () => {
    const commitment = commitInput([4, 4], [3n, 5n], SALT);
    expect(target.honest[COMMITMENT]).to.equal(commitment);
    for (const other of [
      commitment + 1n,
      0n,
      commitInput([4, 4], [3n, 5n], SALT + 1n),
      revealInput([4, 4], [3n, 5n]),
    ]) {
      await expectRefused(target, new Map([[COMMITMENT, other]]));
    }
  });

  it("refuses another salt and other fields under the same commitment", async () => {
    await expectRefused(target, under(target, [FIRST + 2, SALT + 1n]));
    await expectRefused(target, under(target, [FIRST, 4n]));
    await expectRefused(target, under(target, [FIRST, 5n], [FIRST + 1, 3n]));
  });

  it("refuses fields out of range that are packed into the same element", async () => {
    const sums = [
      [3n + 16n, 4n],
      [3n - 16n, 6n],
      [3n + 5n * 16n, 0n],
      // Half of it modulo the field's size.
      [3n + 16n * 5n - 16n * ((GROUP_ORDER + 1n) / 2n), (GROUP_ORDER + 1n) / 2n],
    ] as const;
    for (const [at, [x, y]] of sums.entries()) {
      const witness = await expectRefused(
        target,
        new Map([
          [FIRST, x],
          [FIRST + 1, y],
        ]),
        at === 3 ? 2 : 1,
      );
      expect(witness[COMMITMENT]).to.equal(target.honest[COMMITMENT]);
    }
  });

  it("has nothing but the fields' ranges to refuse these with", async () => {
    const unchecked = await gadgetAlone("commit-input", "signal output c;", use("[0, 1]"), 3);
    const open = await honestly(unchecked, 3n, 5n, SALT);
    const witness = forge(
      open,
      new Map([
        [FIRST, 3n + 16n],
        [FIRST + 1, 4n],
      ]),
    );
    expect(brokenBy(open, witness)).to.deep.equal([]);
    expect(witness[COMMITMENT]).to.equal(open.honest[COMMITMENT]);
    expect(await isAccepted(open, witness)).to.equal(true);
  });

  it("refuses another element of any of several hashes", async () => {
    // Sixteen elements: fourteen in the first hash, two in the second.
    const widths = Array.from({ length: 16 }, (_, i) => 240 + (i % 3));
    const values = widths.map((_, i) => BigInt(i + 1) << 200n);
    const fields = values.map((_, i) => `x[${i}]`).join(", ");
    const long = `c <== CommitInput(16, [${widths.join(", ")}], [${widths.map(() => 0).join(", ")}])([${fields}], x[16]);`;
    const many = await honestly(await gadgetAlone("commit-input", "signal output c;", long, 17), ...values, SALT);
    expect(many.honest[COMMITMENT]).to.equal(commitInput(widths, values, SALT));
    for (const field of [0, 14, 16]) {
      await expectRefused(many, under(many, [FIRST + field, (many.honest[FIRST + field] ?? 0n) + 1n]));
    }
  });
});

describe("RevealInput", () => {
  it("refuses other fields under the same element", async () => {
    const use = "c <== RevealInput(2, [4, 4], [1, 1])(x);";
    const target = await honestly(await gadgetAlone("commit-input", "signal output c;", use, 2), 3n, 5n);
    expect(target.honest[COMMITMENT]).to.equal(revealInput([4, 4], [3n, 5n]));
    await expectRefused(target, new Map([[COMMITMENT, 84n]]));
    await expectRefused(target, under(target, [FIRST, 4n]));
    await expectRefused(target, under(target, [FIRST, 3n + 16n], [FIRST + 1, 4n]));
    await expectRefused(target, under(target, [FIRST, 3n - 16n], [FIRST + 1, 6n]));
  });

  it("refuses other fields under the same hash", async () => {
    const use = "c <== RevealInput(2, [200, 60], [1, 1])(x);";
    const target = await honestly(await gadgetAlone("commit-input", "signal output c;", use, 2), 3n, 5n);
    expect(target.honest[COMMITMENT]).to.equal(revealInput([200, 60], [3n, 5n]));
    await expectRefused(target, under(target, [FIRST, 4n]));
    await expectRefused(target, under(target, [FIRST + 1, 4n]));
    await expectRefused(target, under(target, [FIRST, 5n], [FIRST + 1, 3n]));
  });
});

describe("CommitOutput", () => {
  it("refuses another answer, salt or commitment", async () => {
    const use = "c <== CommitOutput(2, [1, 16], 8)([x[0], x[1]], x[2]);";
    const target = await honestly(await gadgetAlone("commit-output", "signal output c;", use, 3), 3n, 5n, SALT);
    const commitment = commitOutput(3n + 16n * 5n + 8n, SALT);
    expect(target.honest[COMMITMENT]).to.equal(commitment);
    await expectRefused(target, new Map([[COMMITMENT, commitOutput(92n, SALT)]]));
    await expectRefused(target, under(target, [FIRST, 4n]));
    await expectRefused(target, under(target, [FIRST + 2, SALT + 1n]));
    await expectRefused(target, new Map([[COMMITMENT, commitInput([8], [91n], SALT)]]));
  });
});

describe("BindContext", () => {
  it("refuses another context for the same square", async () => {
    const target = await honestly(await gadgetAlone("bind-context", "", "BindContext()(x[0]);", 1), 42n);
    const [, , square = 0n] = target.honest;
    for (const context of [43n, 0n]) {
      await expectRefused(
        target,
        new Map([
          [1, context],
          [2, square],
        ]),
      );
    }
  });
});
