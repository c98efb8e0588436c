/** What no client of HTTP sends by itself, byte by byte; and how much one client can take of a gateway. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { expect } from "chai";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { PROBLEMS, type ProblemCode } from "../../src/gateway/problem.ts";
import { times } from "../helpers/random.ts";
import { until } from "../helpers/until.ts";
import { codeIn, FLOWER, post, send } from "./orders.ts";
import { payQuote, quote } from "./quotes.ts";
import { startWorld, stopMarket, type World } from "./world.ts";

const BODY = JSON.stringify({ input: FLOWER });

after(stopMarket);

describe("the gateway's connections", () => {
  let world: World;
  const sockets: Socket[] = [];

  before(async () => {
    world = await startWorld({ limits: { bodyBytes: 2048, requestsPerSecond: 10_000, concurrency: 4 } });
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await world.stop();
  });

  const open = async (): Promise<Socket> => {
    const { hostname, port } = new URL(world.gateway.url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };
  const requestOf = (headers: Record<string, string | number>): string => {
    const lines = Object.entries({ host: "gateway", "content-type": "application/json", ...headers });
    const path = new URL(world.infer).pathname;
    return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  };
  /** All that comes until the other side has said it all. */
  const readAll = async (socket: Socket): Promise<string> => {
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    await once(socket, "close");
    return text;
  };
  const said = async (head: string, body: string, isEnded = true): Promise<string> => {
    const socket = await open();
    const reading = readAll(socket);
    socket.write(head + body);
    if (isEnded) socket.end();
    return reading;
  };
  const expectProblem = (response: string, code: ProblemCode): void => {
    expect(response).to.match(new RegExp(`^HTTP/1.1 ${PROBLEMS[code][0]} `));
    expect(response).to.include("application/problem+json").and.include(`"code":"${code}"`);
  };
  const isServing = async (): Promise<void> => {
    expect(codeIn(await post(world.infer, BODY))).to.equal("payment-required");
  };

  it("answer a body that announces too much before it comes", async () => {
    const socket = await open();
    const reading = readAll(socket);
    socket.write(requestOf({ "content-length": 1_000_000_000, connection: "close" }));
    expectProblem(await reading, "body-too-large");
  });

  it("answer a body in chunks as soon as it is too large", async () => {
    const chunk = `800\r\n${"x".repeat(0x800)}\r\n`;
    const head = requestOf({ "transfer-encoding": "chunked", connection: "close" });
    expectProblem(await said(head, `${chunk}1\r\nx\r\n0\r\n\r\n`), "body-too-large");
  });

  it("survive a body that ends early, and do not take it for a fault", async () => {
    await said(requestOf({ "content-length": BODY.length, connection: "close" }), BODY.slice(0, 10));
    const socket = await open();
    socket.write(requestOf({ "content-length": BODY.length }) + BODY.slice(0, 10));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    socket.resetAndDestroy();
    await isServing();
    expect(world.logged.filter(({ level }) => level !== "info")).to.deep.equal([]);
  });

  it("survive what is no HTTP", async () => {
    const garbage = [
      "\0\0\0\0",
      "GET\r\n\r\n",
      requestOf({ "content-length": -1 }),
      "\u0016\u0003\u0001\u0002\0\u0001\0",
    ];
    for (const bytes of garbage) expect(await said(bytes, "")).to.match(/^(HTTP\/1.1 400 |$)/);
    const smuggled = requestOf({ "content-length": 4, "transfer-encoding": "chunked" });
    expect(await said(smuggled, "0\r\n\r\n")).to.match(/^HTTP\/1.1 400 /);
    await isServing();
  });

  it("answer a payment header beyond all payments", async () => {
    const headers = { "payment-signature": "A".repeat(40_000), "content-length": BODY.length, connection: "close" };
    expectProblem(await said(requestOf(headers), BODY, false), "malformed-payment");
  });

  it("give no place to bodies that come slowly, so that they stop nobody", async () => {
    const slow = await Promise.all(times(12, open));
    for (const socket of slow) socket.write(requestOf({ "content-length": BODY.length }) + BODY.slice(0, 5));
    for (let sent = 5; sent < 10; sent++) {
      await isServing();
      for (const socket of slow) socket.write(BODY.charAt(sent));
    }
    // And they are answered in the end.
    const [first, ...others] = slow;
    for (const socket of others) socket.destroy();
    const answered = once(first as Socket, "data");
    first?.write(BODY.slice(10));
    expect(String((await answered)[0])).to.include("HTTP/1.1 402");
  });

  it("take as many requests at once as they are told to, and say when there are more", async () => {
    const { test } = world.market;
    const payer = await world.payer({ wallet: DOLLAR });
    const orders = await Promise.all(times(4, async () => payQuote(world, await quote(world), payer)));
    await test.setAutomine(false);
    try {
      // Whoever waits for a block has a place.
      const held = Promise.all(orders.map(async (each) => send(world, each)));
      await until(async () => (await post(world.infer, BODY)).status === 503);
      expect(codeIn(await post(world.infer, BODY))).to.equal("overloaded");
      expect(await (await fetch(`${world.gateway.url}/healthz`)).json()).to.include({ status: "ok" });
      await test.setAutomine(true);
      await test.mine({ blocks: 1 });
      for (const reply of await held) expect(reply.status, reply.text).to.equal(200);
    } finally {
      await test.setAutomine(true);
    }
    await isServing();
  });
});

describe("the gateway's rate", () => {
  it("is limited for each address, whatever the route", async () => {
    const world = await startWorld({ limits: { bodyBytes: 2048, requestsPerSecond: 3, concurrency: 4 } });
    try {
      const replies = await Promise.all(times(40, async () => post(world.infer, BODY)));
      const codes = replies.map((reply) => codeIn(reply));
      expect(codes).to.include("payment-required").and.include("too-many-requests");
      const late = replies.find((reply) => codeIn(reply) === "too-many-requests");
      expect(late?.headers.get("retry-after")).to.equal("1");
      // Whoever watches over it is not counted.
      const health = await Promise.all(times(10, async () => fetch(`${world.gateway.url}/healthz`)));
      for (const response of health) expect(await response.json()).to.include({ status: "ok" });
    } finally {
      await world.stop();
    }
  });
});
