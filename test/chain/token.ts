import { expect } from "chai";
import { pad, stringToHex, toHex } from "viem";

import { NoTokenDomainError, readToken } from "../../src/chain/token.ts";
import { connectChain } from "../../src/chain/rpc.ts";
import { known } from "../../src/protocol/tokens.ts";
import { errorOf } from "../helpers/errors.ts";
import { startNode } from "../helpers/node.ts";

const LOCAL = 31_337;
const SEPOLIA = 11_155_111;

/** Where OpenZeppelin's ERC20 keeps its name. Its EIP-712 domain has a copy of its own. */
const NAME_SLOT = 3;

describe("what a token calls itself", () => {
  it("is known of USDC, and asked of any other", async () => {
    const sepolia = await startNode(SEPOLIA);
    try {
      const client = await connectChain({ rpc: sepolia.rpc });
      const usdc = known(SEPOLIA);
      expect(usdc && (await readToken(client, usdc.address))).to.equal(usdc);
      const address = await sepolia.place("TestUSDC");
      expect(await readToken(client, address)).to.deep.equal({
        chainId: SEPOLIA,
        address,
        decimals: 6,
        name: "USD Coin",
        version: "2",
      });
    } finally {
      await sepolia.close();
    }
  });

  it("has to be what it signs under", async () => {
    const node = await startNode(LOCAL);
    try {
      const client = await connectChain({ rpc: node.rpc });
      const silent = await node.place("CommitmentLog");
      expect(await errorOf(readToken(client, silent))).to.be.instanceOf(NoTokenDomainError);
      const address = await node.place("TestUSDC");
      // A short string: its bytes, and twice its length in the last one.
      const value = `${stringToHex("USDC", { size: 31 })}08` as const;
      await node.client.setStorageAt({ address, index: pad(toHex(NAME_SLOT)), value });
      const error = await errorOf(readToken(client, address));
      expect(error).to.be.instanceOf(NoTokenDomainError);
      expect((error as Error).message).to.include("another name");
    } finally {
      await node.close();
    }
  });
});
