import { expect } from "chai";

import { MalformedStreamError, readEventStream } from "../../src/client/attested/event-stream.ts";
import { errorOf } from "../helpers/errors.ts";

describe("the reader of server-sent events", () => {
  const encoder = new TextEncoder();

  async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  }
  async function read(text: string | Uint8Array, size = 7, most = 1_000): Promise<string[]> {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    const found: string[] = [];
    for await (const part of readEventStream(inParts(bytes, size), most)) found.push(`${part.kind} ${part.text}`);
    return found;
  }

  it("reads data and comments in their order, however they are cut", async () => {
    const text = 'data: {"a":"€ 😀"}\n\n: assay {"b":1}\n\ndata: [DONE]\n\n';
    const expected = ['data {"a":"€ 😀"}', 'comment assay {"b":1}', "data [DONE]"];
    for (const size of [1, 2, 3, 5, 8, 1_000]) expect(await read(text, size)).to.deep.equal(expected);
  });

  it("takes every end of a line, also across parts", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = ["data: one", "data: two", "", ": note", "data:three", "", ""].join(end);
      for (const size of [1, 2, 3, 1_000]) {
        expect(await read(text, size), `${JSON.stringify(end)} by ${size}`).to.deep.equal([
          "data one\ntwo",
          "comment note",
          "data three",
        ]);
      }
    }
  });

  it("takes one space away, and no more", async () => {
    expect(await read("data:  two\n\ndata:\n\ndata\n\n")).to.deep.equal(["data  two", "data ", "data "]);
  });

  it("skips a mark of byte order at the beginning alone", async () => {
    expect(await read("\uFEFFdata: a\n\n")).to.deep.equal(["data a"]);
    expect(await errorOf(read("data: a\n\n\uFEFFdata: b\n\n"))).to.be.instanceOf(MalformedStreamError);
  });

  it("takes no event that has not ended", async () => {
    expect(await read("data: one\n\ndata: two\n")).to.deep.equal(["data one"]);
  });

  it("refuses fields that no hash covers", async () => {
    for (const field of ["event: x", "id: 1", "retry: 1", "datum: x", " data: x", "data : x"]) {
      expect(await errorOf(read(`${field}\ndata: a\n\n`)), field).to.be.instanceOf(MalformedStreamError);
    }
  });

  it("refuses what is no UTF-8, also at the very end", async () => {
    const broken = [Uint8Array.of(0xff), Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xc0, 0x80)];
    for (const bytes of broken) {
      const stream = Uint8Array.of(...encoder.encode("data: a\n\ndata: "), ...bytes);
      for (const size of [1, 1_000]) expect(await errorOf(read(stream, size))).to.be.instanceOf(MalformedStreamError);
    }
  });

  it("reads no event without an end: a line, many lines, or many comments", async () => {
    const endless = [`data: ${"x".repeat(200)}`, "data: x\n".repeat(50), ": x\n".repeat(80)];
    for (const text of endless) {
      expect(await errorOf(read(text, 9, 100)), text.slice(0, 8)).to.be.instanceOf(MalformedStreamError);
    }
    expect(await read("data: x\n\n".repeat(500), 9, 100)).to.have.lengthOf(500);
  });
});
