/** The client with the gateway as it is sold: a whole market, and programs of their own. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { expect } from "chai";
import { numberToHex } from "viem";

import { DOLLAR, privateKeyOf } from "../../scripts/local/marketplace.ts";
import { connect, type Connection } from "../../src/client/connect.ts";
import { RefusedError } from "../../src/client/gateway.ts";
import { encodeInput } from "../../src/model/bundle/input.ts";
import { contextOf } from "../../src/protocol/context.ts";
import { AssayScheme } from "../../src/x402/client.ts";
import { errorOf } from "../helpers/errors.ts";
import { FLOWER } from "../gateway/orders.ts";
import { PRICE, startWorld, stopMarket, type World } from "../gateway/world.ts";
import { evidenceIn } from "./world.ts";

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

describe("a client of a real gateway", () => {
  let world: World;
  const connections: Connection[] = [];

  before(async () => {
    world = await startWorld({ stake: { perTab: DOLLAR, total: 100n * DOLLAR, leastFunds: DOLLAR } });
  });
  after(async () => {
    for (const connection of connections) connection.close();
    await world.stop();
    await stopMarket();
  });

  type Payer = Awaited<ReturnType<World["payer"]>>;
  const open = async (who: Payer, options: Partial<Parameters<typeof connect>[2]> = {}): Promise<Connection> => {
    const { market, gateway } = world;
    const connection = await connect(gateway.url, who, { rpc: market.url, interval: 20, pause: 20, ...options });
    connections.push(connection);
    return connection;
  };

  it("asks, is answered, and sees the proof settle", async () => {
    const { market, model } = world;
    const connection = await open(await world.payer({ funds: DOLLAR, stake: DOLLAR }));
    const answer = await connection.ask("iris", FLOWER);
    expect(answer.value).to.equal("setosa");

    const { request, signature, output, charge, receipt, id } = await evidenceIn(connection, answer.id);
    const prover = market.account("prover").address;
    const fields = encodeInput(model.manifest.input.fields, FLOWER);
    const claimed = { fields, salt: BigInt(answer.salt), input: request.input, output };
    const { proof } = await model.prove(claimed, BigInt(contextOf(id, prover, market.deployment)));
    const { settled } = answer;
    await market.escrow.write.settle([[{ request, signature, output, charge, receipt, prover }], proof]);
    expect(await settled).to.include({ id, output, charge: PRICE });
  });

  it("puts money on its tab with the first question, and is answered once it is there", async () => {
    const who = await world.payer({ wallet: 5n * DOLLAR });
    const connection = await open(who);
    expect((await connection.ask("iris", FLOWER)).value).to.equal("setosa");
    const tab = await connection.tab();
    expect(tab).to.include({ funds: DOLLAR, stake: DOLLAR, promised: PRICE });
    expect(await world.market.token.read.balanceOf([who.address])).to.equal(4n * DOLLAR);
  });

  it("asks many things at once, each for its own nonce", async () => {
    const who = await world.payer({ funds: 2n * DOLLAR, stake: DOLLAR });
    const connection = await open(who, { limits: { topUp: { amount: 0n } } });
    const answers = await Promise.all(Array.from({ length: 16 }, () => connection.ask("iris", FLOWER)));
    expect(new Set(answers.map(({ request }) => request.nonce)).size).to.equal(16);
    expect((await connection.tab()).promised).to.equal(16n * PRICE);
  });

  it("is answered the same when it sends a request twice, and charged once", async () => {
    const who = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    let sent = 0;
    const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
      const response = await globalThis.fetch(url, init);
      if (init?.method === "POST" && sent++ === 0) throw new TypeError("connection reset");
      return response;
    };
    const connection = await open(who, { fetch, limits: { topUp: { amount: 0n } } });
    await connection.ask("iris", FLOWER);
    expect(sent).to.equal(2);
    expect((await connection.tab()).promised).to.equal(PRICE);
  });

  it("reads the gateway's refusals", async () => {
    const strict = await startWorld();
    try {
      // Less than the other gateway of this provider stakes for.
      const who = await strict.payer({ funds: DOLLAR / 2n });
      const connection = await connect(strict.gateway.url, who, { rpc: strict.market.url });
      connections.push(connection);
      const error = await errorOf(connection.ask("iris", FLOWER));
      expect(error).to.be.instanceOf(RefusedError).with.property("code", "understaked");
    } finally {
      await strict.stop();
    }
  });

  it("is a stock x402 client as well, with the scheme plugged in", async () => {
    const { market, gateway, model, provider } = world;
    const who = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const { address, name, version } = market.tokenOf;
    const scheme = new AssayScheme({
      account: who,
      chainId: market.deployment.chainId,
      trust: {
        escrow: market.deployment.escrow,
        token: { address, name, version },
        verifiers: [market.verifier.address],
        provider: provider.address,
        gateway: gateway.url,
      },
    });
    const pay = wrapFetchWithPayment(fetch, new x402Client().register("eip155:*", scheme));
    const fields = encodeInput(model.manifest.input.fields, FLOWER);
    for (let salt = 1n; salt < 4n; salt++) {
      scheme.expect(model.commit(fields, salt));
      const body = JSON.stringify({ input: FLOWER, salt: numberToHex(salt, { size: 32 }) });
      const headers = { "content-type": "application/json" };
      const response = await pay(world.infer, { method: "POST", headers, body });
      expect(await response.json()).to.include({ value: "setosa" });
    }
    expect((await world.tab(who.address)).promised).to.equal(3n * PRICE);
  });

  it("takes three lines, and the program ends by itself", async () => {
    const { market, gateway } = world;
    const who = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const file = join(market.scratch, "three-lines.ts");
    const program = `
      import { privateKeyToAccount } from ${JSON.stringify(import.meta.resolve("viem/accounts"))};
      import { connect } from ${JSON.stringify(join(SOURCE, "client/connect.ts"))};
      const account = privateKeyToAccount("${privateKeyOf(who)}");

      const provider = await connect("${gateway.url}", account, { rpc: "${market.url}" });
      const { value } = await provider.ask("iris", ${JSON.stringify(FLOWER)});
      console.log(value);
    `;
    await writeFile(file, program);
    const { stdout, stderr } = await run(process.execPath, [file]);
    expect([stdout, stderr]).to.deep.equal(["setosa\n", ""]);
  });
});
