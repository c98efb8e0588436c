import { readFile } from "node:fs/promises";

import { expect } from "chai";

import type { GasRow } from "../../scripts/bench/gas-row.ts";
import { measureGas } from "../../scripts/bench/gas.ts";

/** Proofs and keys are random, so calldata has a zero byte more or less: a few gas in a thousand. */
const TOLERANCE = 0.003;

/** What each call may cost at most, whatever the snapshot says. */
const LIMITS: readonly (readonly [Partial<GasRow>, number])[] = [
  [{ call: "verify", n: 1 }, 207_000],
  [{ call: "settle", funding: "tab", state: "warm", n: 32 }, 78_000],
  [{ call: "settle", funding: "tab", state: "warm", n: 64 }, 75_000],
  [{ call: "settle attested", n: 32 }, 25_000],
  [{ call: "settle attested", n: 64 }, 24_300],
  [{ call: "fundWithAuthorization" }, 125_000],
  [{ call: "open" }, 110_000],
  [{ call: "commit" }, 55_000],
];

describe("gas", () => {
  let rows: readonly GasRow[];

  before(async () => {
    rows = await measureGas({ sizes: [1, 32, 64], models: [1] });
  });

  it("is what the snapshot says, for every call", async () => {
    const pinned = JSON.parse(await readFile(new URL("../fixtures/gas.json", import.meta.url), "utf8")) as GasRow[];
    const name = ({ call, funding, state, n, models }: GasRow): string => [call, funding, state, n, models].join(" ");
    expect(rows.map(name)).to.deep.equal(pinned.map(name));
    for (const [index, row] of rows.entries()) {
      const { gas } = pinned[index] as GasRow;
      expect(row.gas, `${name(row)}: measure again with npm run bench gas -- --pin`).to.be.closeTo(
        gas,
        gas * TOLERANCE,
      );
    }
  });

  it("stays within its limits", () => {
    for (const [which, limit] of LIMITS) {
      const matching = rows.filter((row) =>
        Object.entries(which).every(([key, value]) => row[key as keyof GasRow] === value),
      );
      expect(matching, JSON.stringify(which)).to.not.be.empty;
      for (const row of matching) expect(row.gasPerInference, JSON.stringify(row)).to.be.at.most(limit);
    }
  });

  it("is never below its floor", () => {
    for (const row of rows) expect(row.gasPerInference, JSON.stringify(row)).to.be.at.least(row.floor);
  });
});
