import { expect } from "chai";

import { FIELD_ORDER, GROUP_ORDER } from "../../src/protocol/bn254.ts";
import { CALLBACK_GAS, EXIT_DELAY, MAX_FEE_BPS, PUSH_GAS } from "../../src/protocol/limits.ts";
import { deployProtocol } from "../helpers/protocol.ts";

describe("constants", () => {
  it("are those of the contracts", async () => {
    const { escrow, harness } = await deployProtocol();
    expect({
      EXIT_DELAY: BigInt(EXIT_DELAY),
      MAX_FEE_BPS,
      CALLBACK_GAS,
      PUSH_GAS,
      FIELD_ORDER,
      GROUP_ORDER,
    }).to.deep.equal({
      EXIT_DELAY: await escrow.read.EXIT_DELAY(),
      MAX_FEE_BPS: await escrow.read.MAX_FEE_BPS(),
      CALLBACK_GAS: await escrow.read.CALLBACK_GAS(),
      PUSH_GAS: await escrow.read.PUSH_GAS(),
      FIELD_ORDER: await harness.read.fieldOrder(),
      GROUP_ORDER: await harness.read.groupOrder(),
    });
  });
});
