import { expect } from "chai";

import { eventData, EventTooLargeError, NotUtf8Error } from "../../src/inside/event-data.ts";
import { errorOf } from "../helpers/errors.ts";

const encoder = new TextEncoder();

async function* partsOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The events of a stream, read in parts of each size: they are the same, wherever the parts end. */
async function read(text: string | Uint8Array, most = 1_000): Promise<string[]> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  const whole = await Array.fromAsync(eventData(partsOf(bytes, bytes.length), most));
  for (const size of [1, 2, 3, 5, 7]) {
    expect(await Array.fromAsync(eventData(partsOf(bytes, size), most)), `in ${size}s`).to.deep.equal(whole);
  }
  return whole;
}

describe("server-sent events", () => {
  it("are split by lines of any kind, also within a character of several bytes", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      expect(await read(["data: ä€😀", "", "data: b", "", ""].join(end))).to.deep.equal(["ä€😀", "b"]);
    }
  });

  it("may have comments, other fields, several lines of data, and no space after the colon", async () => {
    const text = ": alive\n\nevent: message\nid: 1\nretry: 5\ndata:a\ndata: b\n: between\ndata:  c\n\n\n\ndata: d\n\n";
    expect(await read(text)).to.deep.equal(["a\nb\n c", "d"]);
  });

  it("may begin with a byte order mark", async () => {
    expect(await read("\uFEFFdata: a\n\n")).to.deep.equal(["a"]);
  });

  it("are none where the stream breaks off in them", async () => {
    expect(await read("data: a\n\ndata: b\n")).to.deep.equal(["a"]);
    expect(await read("data: a\n\ndata: b")).to.deep.equal(["a"]);
    expect(await read("")).to.deep.equal([]);
  });

  it("are refused when they do not end, in one line or in many", async () => {
    const fits = `data: ${"x".repeat(94)}\n\n`;
    expect(await read(fits, 100)).to.have.lengthOf(1);
    for (const text of [`data: ${"x".repeat(95)}\n\n`, `data: ${"x".repeat(200)}`, "data: x\n".repeat(20)]) {
      expect(await errorOf(read(text, 100))).to.be.instanceOf(EventTooLargeError);
    }
    expect(await errorOf(read(": x\n".repeat(40), 100))).to.be.instanceOf(EventTooLargeError);
  });

  it("are refused when they are no UTF-8", async () => {
    const bytes = Uint8Array.from([...encoder.encode("data: a\n\ndata: "), 0xc3, 0x28, 0x0a, 0x0a]);
    for (const size of [1, 4, bytes.length]) {
      const events = eventData(partsOf(bytes, size), 100);
      expect((await events.next()).value).to.equal("a");
      expect(await errorOf(events.next())).to.be.instanceOf(NotUtf8Error);
    }
  });

  it("take time in proportion to their length, also byte by byte", async () => {
    const bytes = encoder.encode(`data: ${"x".repeat(400_000)}\n\n`);
    const events = await Array.fromAsync(eventData(partsOf(bytes, 1), 500_000));
    expect(events[0]).to.have.lengthOf(400_000);
  });
});
