import { expect } from "chai";
import { encodeFunctionData, numberToHex, type Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { connectChain } from "../../src/chain/rpc.ts";
import { NodeRefusedError, providerOf } from "../../src/deploy/provider.ts";
import { errorOf } from "../helpers/errors.ts";
import { DEVELOPMENT_KEY, startNode, type Node } from "../helpers/node.ts";

const SEPOLIA = 11_155_111;
const GWEI = 1_000_000_000n;
const PAUSE = [
  {
    type: "function",
    name: "transferFrom",
    stateMutability: "nonpayable",
    inputs: ["address", "address", "uint256"].map((type) => ({ type, name: "" })),
    outputs: [],
  },
] as const;

describe("the node as Ignition talks to it", () => {
  let node: Node;
  before(async () => {
    node = await startNode(SEPOLIA);
  });
  after(async () => node.close());

  const [from, to] = [account(0).address, account(7).address];
  const wanted = async (fees: Record<string, Hex>) => ({
    from,
    to,
    data: "0x1234",
    value: numberToHex(5),
    nonce: numberToHex(await node.client.getTransactionCount({ address: from })),
    gas: numberToHex(100_000),
    ...fees,
  });
  const provider = async (rpc = node.rpc) => providerOf(await connectChain({ rpc }), SEPOLIA, DEVELOPMENT_KEY);

  it("signs what is to be sent itself, with the fees and the nonce that it is told", async () => {
    for (const [type, fees] of [
      ["eip1559", { maxFeePerGas: numberToHex(9n * GWEI), maxPriorityFeePerGas: numberToHex(GWEI) }],
      ["legacy", { gasPrice: numberToHex(9n * GWEI) }],
    ] as const) {
      const params = [await wanted(fees)];
      const hash = (await (await provider()).request({ method: "eth_sendTransaction", params })) as Hex;
      const sent = await node.client.getTransaction({ hash });
      expect(sent).to.include({ type, input: "0x1234", value: 5n, gas: 100_000n });
      expect(sent.from).to.equal(from.toLowerCase());
      expect(sent.to).to.equal(to.toLowerCase());
    }
  });

  it("hands on what a revert returned, and nothing of where the node is", async () => {
    const token = await node.place("TestUSDC");
    const data = encodeFunctionData({ abi: PAUSE, functionName: "transferFrom", args: [from, to, 1n] });
    const call = [{ from, to: token, data }, "latest"];
    const error = await errorOf((await provider(`${node.rpc}/secret`)).request({ method: "eth_call", params: call }));
    expect(error).to.be.instanceOf(NodeRefusedError);
    const { message, data: returned } = error as NodeRefusedError;
    expect(message).to.include("eth_call").and.not.include("secret");
    // ERC20InsufficientAllowance
    expect(JSON.stringify(returned)).to.include("0xfb8f41b2");
  });
});
