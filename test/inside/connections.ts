/** Gateways that send slowly, much, or what no client of HTTP sends. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { expect } from "chai";

import { requestToWire } from "../../src/protocol/wire.ts";
import { startWorld, type World } from "./world.ts";

describe("an enclave's connections", () => {
  let world: World;
  const sockets: Socket[] = [];
  before(async () => {
    world = await startWorld({ limits: { sendMs: 400, answers: 2 } });
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await world.stop();
  });

  /** All that comes until the other side has said it all. */
  const said = async (text: string): Promise<string> => {
    const { hostname, port } = new URL(world.enclave.url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      answer += part;
    });
    const closed = once(socket, "close");
    socket.write(text);
    await closed;
    return answer;
  };
  const bodyOf = (): string => {
    const { request, body, salt } = world.order();
    return JSON.stringify({ request: requestToWire(request), body, salt });
  };
  const head = (length: number, more = ""): string =>
    `POST /answers HTTP/1.1\r\nhost: enclave\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;

  it("are closed when nothing more comes, and take nobody's place meanwhile", async () => {
    const slow = [head(1_000), "POST /answers HTTP/1.1\r\nhost:", head(1_000), `${head(1_000)}{"request"`].map(said);
    expect((await world.ask()).transcript.end).to.equal("complete");
    for (const answer of await Promise.all(slow)) expect(answer).to.match(/^(HTTP\/1\.1 408 |$)/);
  });

  it("carry no more headers than any gateway sends", async () => {
    expect(await said(head(2, `x: ${"y".repeat(9_000)}\r\n`))).to.match(/^HTTP\/1\.1 431 /);
  });

  it("pass no header on to the upstream, whatever is in it", async () => {
    world.upstream.asked.length = 0;
    const body = bodyOf();
    const headers = "authorization: Bearer mine\r\nx-evil: 1\r\nconnection: close\r\n";
    const answer = await said(head(Buffer.byteLength(body), headers) + body);
    expect(answer).to.match(/^HTTP\/1\.1 200 /);
    const [asked] = world.upstream.asked;
    expect(asked?.headers).not.to.have.any.keys("authorization", "x-evil");
    expect(Object.keys(asked?.headers ?? {}).sort()).to.deep.equal([
      "accept",
      "accept-encoding",
      "accept-language",
      "connection",
      "content-length",
      "content-type",
      "host",
      "sec-fetch-mode",
      "user-agent",
    ]);
  });

  it("have one request each where two are smuggled into one", async () => {
    const body = bodyOf();
    const both = `transfer-encoding: chunked\r\nconnection: close\r\n`;
    expect(await said(head(Buffer.byteLength(body), both) + body)).to.match(/^HTTP\/1\.1 400 /);
  });

  it("write what the question has in it into no header of theirs", async () => {
    const order = world.order({ user: "a\r\nx-evil: 1", messages: [{ role: "user", content: "b\r\nx-evil: 1" }] });
    const response = await world.send(order);
    expect(response.headers.get("x-evil")).to.equal(null);
    expect(world.upstream.asked.at(-1)?.headers).not.to.have.property("x-evil");
    await response.text();
  });
});
