import { expect } from "chai";
import { concatHex, numberToHex, zeroAddress, type Address, type Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { startGasGuess, startGasGuesses } from "../../src/prover/gas.ts";
import { exchangeOf, PriceRefusedError, type PriceSource } from "../../src/prover/price-source.ts";
import { startWorth } from "../../src/prover/worth.ts";
import { errorOf } from "../helpers/errors.ts";
import { startNode, type Node } from "../helpers/node.ts";
import { paperJob, startModels } from "./world.ts";

const ETHER = 10n ** 18n;
const FEED = account(7).address;

/** The code of a contract that answers every call with these words. */
function answering(words: readonly bigint[]): Hex {
  const size = numberToHex(32 * words.length, { size: 1 });
  // Copies what stands behind these ten bytes into memory, and returns it.
  const opening = concatHex(["0x60", size, "0x600a5f3960", size, "0x5ff3"]);
  return concatHex([opening, ...words.map((word) => numberToHex(word, { size: 32, signed: word < 0n }))]);
}

describe("gas of settlements", () => {
  it("is guessed at 80,000 an inference in a full batch, and more where fewer share", () => {
    const gas = startGasGuess();
    expect(gas.share(32, false)).to.equal(80_000n);
    expect(gas.of({ inferences: 32, callbacks: 0 })).to.equal(32n * 80_000n);
    expect(gas.share(1, false)).to.equal(266_000n);
  });

  it("counts what consumers may burn", () => {
    const gas = startGasGuess();
    expect(gas.share(32, true)).to.equal(290_000n);
    expect(gas.of({ inferences: 2, callbacks: 1 }) - gas.of({ inferences: 2, callbacks: 0 })).to.equal(210_000n);
  });

  it("comes closer to what was measured with every settlement", () => {
    const gas = startGasGuess();
    const twice = 2n * gas.of({ inferences: 8, callbacks: 0 });
    gas.learn({ inferences: 8, callbacks: 0 }, twice);
    expect(gas.share(32, false)).to.equal(100_000n);
    for (let count = 0; count < 50; count++) gas.learn({ inferences: 8, callbacks: 0 }, twice);
    expect(Number(gas.share(32, false))).to.be.closeTo(160_000, 10);
  });

  it("is made for each verifier by itself", () => {
    const gas = startGasGuesses();
    const [one, other] = [account(1).address, account(2).address];
    gas(one).learn({ inferences: 32, callbacks: 0 }, 800_000n);
    expect(gas(one.toLowerCase() as Address)).to.equal(gas(one));
    expect(gas(one).share(32, false) < gas(other).share(32, false)).to.equal(true);
  });

  it("learns nothing from consumers", () => {
    const gas = startGasGuess();
    gas.learn({ inferences: 1, callbacks: 1 }, 10n ** 9n);
    gas.learn({ inferences: 0, callbacks: 0 }, 10n ** 9n);
    expect(gas.share(32, false)).to.equal(80_000n);
  });
});

describe("the price of ether", () => {
  let node: Node;
  before(async () => {
    node = await startNode(31_337);
  });
  after(() => node.close());

  const feed = { kind: "feed", address: FEED, maxAgeSeconds: 600 } as const;
  /** A feed with eight decimals. Its words serve for both of its functions. */
  const answerAt = async (price: bigint, updatedAt: bigint): Promise<void> =>
    node.client.setCode({ address: FEED, bytecode: answering([8n, price, 0n, updatedAt, 8n]) });
  const exchange = async (source: PriceSource) => {
    const { client } = node;
    return exchangeOf(source, client as never, 6);
  };
  const now = async () => (await node.client.getBlock()).timestamp;

  it("may be fixed", async () => {
    const inUnits = await exchange({ kind: "fixed", usdPerEther: 2500.5 });
    expect(inUnits?.(ETHER)).to.equal(2_500_500_000n);
    expect(inUnits?.(0n)).to.equal(0n);
  });

  it("is rounded up, since less than a unit is a cost too", async () => {
    const inUnits = await exchange({ kind: "fixed", usdPerEther: 2500 });
    expect(inUnits?.(1n)).to.equal(1n);
  });

  it("is not asked for by who settles at any price", async () => {
    expect(await exchange({ kind: "none" })).to.equal(undefined);
  });

  it("is read from a feed on the chain", async () => {
    await answerAt(1_234_56789012n, await now());
    expect((await exchange(feed))?.(ETHER)).to.equal(1_234_567_891n);
  });

  it("is refused when the feed is old", async () => {
    const time = await now();
    await answerAt(2000_00000000n, time - 600n);
    expect((await exchange(feed))?.(ETHER)).to.equal(2_000_000_000n);
    await answerAt(2000_00000000n, time - 601n);
    expect(await errorOf(exchange(feed)))
      .to.be.instanceOf(PriceRefusedError)
      .with.property("message")
      .that.includes("601 seconds old");
    await answerAt(2000_00000000n, 0n);
    expect(await errorOf(exchange(feed))).to.be.instanceOf(PriceRefusedError);
  });

  it("is refused when it is not positive", async () => {
    for (const price of [0n, -1n]) {
      await answerAt(price, await now());
      expect(await errorOf(exchange(feed))).to.be.instanceOf(PriceRefusedError);
    }
    for (const usdPerEther of [0, -5, Number.NaN, Infinity, 1e-12]) {
      expect(await errorOf(exchange({ kind: "fixed", usdPerEther }))).to.be.instanceOf(PriceRefusedError);
    }
  });

  it("is refused when there is no feed", async () => {
    const nobody = { kind: "feed", address: account(6).address } as const;
    expect(await errorOf(exchange(nobody))).to.be.instanceOf(PriceRefusedError);
  });

  describe("decides about a job:", () => {
    let models: Awaited<ReturnType<typeof startModels>>;
    before(async () => {
      models = await startModels();
    });
    after(() => models.stop());

    const whyNot = async (
      proverFee: bigint,
      { own, consumer = zeroAddress }: { own?: Address; consumer?: Address },
    ) => {
      const worth = startWorth({
        client: node.client as never,
        // A wei is 10^-6 of a dollar: a unit of the token.
        prices: { kind: "fixed", usdPerEther: 1e12 },
        tokenDecimals: 6,
        gas: startGasGuesses(),
        batchSize: 32,
        deadlineMarginSeconds: 300,
        own,
      });
      const { request } = await paperJob(models, { proverFee, consumer, price: 10n ** 27n });
      return worth.whyNotProve(request);
    };
    const cost = async (gas: bigint) => gas * (await node.client.getGasPrice());

    it("a stranger's is refused, with the reason, when its fee is below its part of the gas", async () => {
      const share = await cost(80_000n);
      expect(await whyNot(share, {})).to.equal(undefined);
      expect(await whyNot(share - 1n, {})).to.equal(
        `its fee of ${share - 1n} is below ${share}, its expected part of the gas`,
      );
    });

    it("a consumer that may burn gas has to be paid for", async () => {
      const share = await cost(80_000n);
      expect(await whyNot(share, { consumer: FEED })).to.include("is below");
      expect(await whyNot(await cost(290_000n), { consumer: FEED })).to.equal(undefined);
    });

    it("the provider's own is proven at any fee", async () => {
      expect(await whyNot(0n, { own: account(2).address })).to.equal(undefined);
      expect(await whyNot(0n, { own: account(3).address })).to.include("is below");
    });
  });
});
