import { expect } from "chai";
import { zeroAddress } from "viem";

import { implementationOf, vaultOf } from "../../src/protocol/vault.ts";
import { deployProtocol, RUNS } from "../helpers/protocol.ts";
import { fuzz, times } from "../helpers/random.ts";

describe("vault", () => {
  it("is where the escrow says, in every escrow", () =>
    fuzz(async (random) => {
      const { viem, token } = await deployProtocol();
      for (let round = 0; round < 4; ++round) {
        const escrow = await viem.deployContract("Escrow", [token.address, 0n, zeroAddress]);
        expect(implementationOf(escrow.address).toLowerCase()).to.equal((await escrow.read.VAULT()).toLowerCase());

        const ids = times(RUNS / 4, () => random.bytes32());
        const vaults = await Promise.all(ids.map((id) => escrow.read.vaultOf([id])));
        expect(ids.map((id) => vaultOf(id, escrow.address))).to.deep.equal(vaults);
      }
    }));
});
