import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";

import { expect } from "chai";

import { ChainUnreachableError, connectChain, WrongChainError } from "../../src/chain/rpc.ts";
import { errorOf } from "../helpers/errors.ts";
import { SECRET } from "../helpers/faulty-rpc.ts";
import { startWorld, type World } from "./world.ts";

describe("a connection to a chain's node", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(async () => world.stop());
  afterEach(() => world.proxy.heal());

  it("is to the chain that is expected, or refused", async () => {
    const { rpc } = world.proxy;
    await connectChain({ rpc, chainId: 31_337 });
    const error = await errorOf(connectChain({ rpc, chainId: 8453 }));
    expect(error).to.be.instanceOf(WrongChainError);
    expect((error as Error).message)
      .to.contain("31337")
      .and.contain("8453")
      .and.contain(world.proxy.origin);
    expect(inspect(error)).not.to.contain(SECRET);
  });

  it("fails in time, and says of the node no more than its origin", async () => {
    const { rpc, origin } = world.proxy;
    world.proxy.delay(10_000);
    const slow = await errorOf(connectChain({ rpc, timeoutMs: 20 }));
    world.proxy.refuse();
    world.proxy.delay(0);
    for (const error of [slow, await errorOf(connectChain({ rpc }))]) {
      expect(error).to.be.instanceOf(ChainUnreachableError);
      expect((error as Error).message).to.contain(origin);
      expect(inspect(error, { depth: 20, showHidden: true })).not.to.contain(SECRET);
    }
  });

  it("shows no more than the origin to whoever looks at the client", async () => {
    const client = await connectChain({ rpc: world.proxy.rpc });
    expect(inspect(client, { depth: 20 })).not.to.contain(SECRET);
  });

  it("asks for the head anew each time", async () => {
    const client = await connectChain({ rpc: world.proxy.rpc });
    const before = await client.getBlockNumber();
    await world.client.mine({ blocks: 1 });
    expect(await client.getBlockNumber()).to.equal(before + 1n);
  });

  it("gives a name and a password from the address in the way of HTTP", async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization, request.url);
      response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x7a69" }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await connectChain({ rpc: `http://user:p%40ss@127.0.0.1:${port}/path?key=1` });
    expect(seen).to.deep.equal([`Basic ${btoa("user:p@ss")}`, "/path?key=1"]);
    server.close();
    server.closeAllConnections();
  });
});
