import { expect } from "chai";

import { forkProvider, type ForkedProvider } from "../../../scripts/local/fork-provider.ts";
import { forkProver, type ForkedProver } from "../../../scripts/local/fork-prover.ts";
import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import { connect } from "../../../src/client/connect.ts";
import { startFaultyRpc } from "../../helpers/faulty-rpc.ts";
import { answerAll, FLOWER, PENALTY, PRICE, startLoop, untilAtRest, untilFunded, type Loop } from "./world.ts";

describe("a process that is killed", function () {
  this.timeout(900_000);
  let loop: Loop;
  const running: { readonly kill: () => Promise<void> }[] = [];
  const track = <Part extends { readonly kill: () => Promise<void> }>(part: Part): Part => {
    running.push(part);
    return part;
  };

  before(async function () {
    loop = await startLoop(this);
  });
  after(async () => {
    await Promise.all(running.map((part) => part.kill()));
    await loop?.stop();
  });

  it("takes no answer along: a prover that dies in a proof, or as its settlement goes out", async () => {
    const { market, settledOf, holder } = loop;
    const seller = await loop.seller();
    const payer = await seller.payer(10n * DOLLAR);
    const gateway = track(await forkProvider(seller.settings()));
    await untilFunded(gateway, payer.address);
    await answerAll(loop, () => [gateway], (await seller.orders(payer))(12));
    const who = holder();
    // None settles before its batch is full: what is lost with a settlement are two answers.
    const limits = { batchSize: 2, maxWaitSeconds: 600 };

    for (let round = 0; round < 2; round++) {
      const proving = Promise.withResolvers<void>();
      const onEvent = ({ kind }: { kind: string }): void => {
        if (kind === "proving") proving.resolve();
      };
      const prover = track(await forkProver(seller.task(who, { limits }), { onEvent }));
      await proving.promise;
      await prover.kill();
    }
    expect(await settledOf(payer.address)).to.equal(0);

    for (let round = 1; round <= 2; round++) {
      const rpc = await startFaultyRpc(market.url);
      const submitted = Promise.withResolvers<void>();
      const settled: string[] = [];
      // The node has the transaction, and the prover never hears of it.
      rpc.rewrite("eth_sendRawTransaction", async (_call, ask) => {
        await ask();
        await prover.kill();
        submitted.resolve();
        return { status: 502 };
      });
      const onEvent = (event: { kind: string }): void => void settled.push(event.kind);
      const prover: ForkedProver = track(await forkProver(seller.task(who, { limits, rpc: rpc.rpc }), { onEvent }));
      await submitted.promise;
      await rpc.stop();
      expect(settled).to.include("proven").and.not.include("settled");
      expect(await settledOf(payer.address)).to.equal(2 * round);
    }

    const last = track(await forkProver(seller.task(who)));
    await untilAtRest(loop, gateway);
    expect(await settledOf(payer.address)).to.equal(12);
    expect(await seller.differences()).to.deep.equal([]);
    await last.stop();
    await gateway.stop();
  });

  it("costs nobody twice: a gateway with its provers, while 64 questions are asked", async () => {
    const { market, settledOf, newFolder } = loop;
    const seller = await loop.seller();
    const payer = await seller.payer(10n * DOLLAR);
    const store = newFolder();
    const first = track(await forkProvider(seller.settings({ store }), seller.proving()));
    await untilFunded(first, payer.address);
    const listen = { host: "127.0.0.1", port: Number(new URL(first.url).port) };

    let [sent, broken] = [0, 0];
    let second: Promise<ForkedProvider> | undefined;
    const startAgain = async (): Promise<ForkedProvider> => {
      await first.kill();
      return track(await forkProvider(seller.settings({ store, listen }), seller.proving()));
    };
    const counting = async (url: string, init?: RequestInit): Promise<Response> => {
      // By now the first ones are answered, others are on their way, and the rest finds nobody there.
      if (init?.method === "POST" && ++sent === 40) second = startAgain();
      try {
        return await fetch(url, init);
      } catch (error) {
        broken++;
        throw error;
      }
    };
    const connection = await connect(first.url, payer, {
      rpc: market.url,
      fetch: counting,
      attempts: 9,
      pause: 200,
      limits: { total: 10n * DOLLAR, topUp: { amount: 0n } },
    });
    const answers = await Promise.all(Array.from({ length: 64 }, async () => connection.ask("iris", FLOWER)));
    connection.close();
    const gateway = await second;
    expect(broken).to.be.above(0);
    expect(new Set(answers.map(({ id }) => id)).size).to.equal(64);

    expect(gateway).not.to.equal(undefined);
    if (gateway === undefined) return;
    await untilAtRest(loop, gateway);
    await gateway.stop();
    expect(await settledOf(payer.address)).to.equal(64);
    const { funds, stake } = await market.escrow.read.tabOf([payer.address, seller.provider.address]);
    expect({ funds, stake }).to.deep.equal({ funds: 10n * DOLLAR - 64n * PRICE, stake: PENALTY });
    expect(await seller.differences(store)).to.deep.equal([]);
  });

  it("leaves its work to the others: two gateways and four provers on one PostgreSQL", async () => {
    const { model, settledOf, holder } = loop;
    const seller = await loop.seller();
    const payers = [await seller.payer(20n * DOLLAR), await seller.payer(20n * DOLLAR)];
    const gateways = [track(await forkProvider(seller.settings())), track(await forkProvider(seller.settings()))];
    const [, survivor] = gateways as [ForkedProvider, ForkedProvider];
    for (const { address } of payers) for (const gateway of gateways) await untilFunded(gateway, address);
    const kills: Promise<void>[] = [];
    const killAt = (
      kind: string,
      time: number,
    ): { onEvent: (event: { kind: string }) => void; part?: ForkedProver } => {
      let seen = 0;
      const doomed: ReturnType<typeof killAt> = {
        onEvent(event) {
          if (event.kind === kind && ++seen === time && doomed.part !== undefined) kills.push(doomed.part.kill());
        },
      };
      return doomed;
    };
    const doomed = [killAt("proven", 2), killAt("proving", 4)];
    const provers = await Promise.all(
      Array.from({ length: 4 }, (_, index) => forkProver(seller.task(holder()), doomed[index] ?? {})),
    );
    for (const [index, prover] of provers.entries()) {
      track(prover);
      const own = doomed[index];
      if (own !== undefined) own.part = prover;
    }

    const orders = (await Promise.all(payers.map((payer) => seller.orders(payer)))).map((take) => take(80));
    const mixed = Array.from({ length: 160 }, (_, index) => orders[index % 2]?.[index >> 1]).filter(
      (order) => order !== undefined,
    );
    const answers = await answerAll(
      loop,
      () => gateways,
      mixed,
      (count) => {
        if (count === 40) kills.push(gateways.shift()?.kill() ?? Promise.resolve());
      },
    );
    expect(new Set(answers.map(({ id }) => id)).size).to.equal(160);
    await untilAtRest(loop, survivor);
    await Promise.all(kills);
    expect(kills).to.have.lengthOf(3);

    // Whoever asks again gets what was signed then, from the gateway that is left.
    const repeated = await answerAll(loop, () => [survivor], mixed.slice(0, 60));
    expect(repeated).to.deep.equal(answers.slice(0, 60));
    expect(repeated[0]?.request?.model).to.equal(model.id);
    expect(await Promise.all(payers.map(({ address }) => settledOf(address)))).to.deep.equal([80, 80]);
    expect(await seller.differences()).to.deep.equal([]);
    await Promise.all([...provers.slice(2), survivor].map((part) => part.stop()));
  });
});
