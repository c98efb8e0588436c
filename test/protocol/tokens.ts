import { expect } from "chai";
import { getAddress, hashDomain, type Hex } from "viem";

import { domainOf, known, type TokenDomain } from "../../src/protocol/tokens.ts";
import { deployProtocol } from "../helpers/protocol.ts";

const DOMAIN_TYPE = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
  { name: "chainId", type: "uint256" },
  { name: "verifyingContract", type: "address" },
];

const separatorOf = (domain: TokenDomain): Hex =>
  hashDomain<Record<string, unknown>>({ domain, types: { EIP712Domain: DOMAIN_TYPE } });

/** What `DOMAIN_SEPARATOR()` of USDC answers on each chain: name, version, chain and address in one word. */
const SEPARATORS: ReadonlyMap<number, Hex> = new Map([
  [1, "0x06c37168a7db5138defc7866392bb87a741f9b3d104deb5094588ce041cae335"],
  [10, "0x26d9c34bb1a1c312f69c53b2d93b8be20faafba63af2438c6811713c9b1f933f"],
  [137, "0xcaa2ce1a5703ccbe253a34eb3166df60a705c561b44b192061e28f2a985be2ca"],
  [8_453, "0x02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f"],
  [42_161, "0x08d11903f8419e68b1b8721bcbe2e9fc68569122a77ef18c216f10b3b5112c78"],
  [80_002, "0x5cddc98319864e897e4469bd1d13c2288c677047b54b8cca12bd342adb6be9eb"],
  [84_532, "0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818"],
  [421_614, "0x85944e1292d007732838d6eadfa67589b78ffcededbd4df60488d0af251308bb"],
  [11_155_111, "0xb90e5057db141a932946e64d09ccb7ffc9b00bd79fec26f698d29af0c83320a6"],
  [11_155_420, "0x09d038a3e46040fc37eb01174dbbcdb7981fbd8eafd9e1a857b1c67805dfb29e"],
]);

describe("tokens", () => {
  for (const [chainId, separator] of SEPARATORS) {
    it(`has the EIP-712 domain of USDC on chain ${chainId}`, () => {
      const token = known(chainId) ?? expect.fail("no token is known there");
      expect(token.decimals).to.equal(6);
      expect(token.address).to.equal(getAddress(token.address));
      expect(separatorOf(domainOf(token))).to.equal(separator);
    });
  }

  it("has the EIP-712 domain of a token that can be asked", async () => {
    const { token, tokenDomain } = await deployProtocol();
    expect(separatorOf(tokenDomain)).to.equal(await token.read.DOMAIN_SEPARATOR());
  });

  it("knows none on a local chain", () => {
    expect(known(31_337)).to.equal(undefined);
  });
});
