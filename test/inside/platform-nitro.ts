import { serveNitriding, type ServedNitriding } from "assay-simulator/nitriding";
import { simulateNitro, type SimulatedNitro } from "assay-simulator/nitro";
import { expect } from "chai";
import { concat, hexToBytes, keccak256, numberToHex, sha256, stringToHex, type Hex } from "viem";

import { verifyNitro } from "../../src/enclave/nitro.ts";
import { isBoundTo } from "../../src/enclave/statement.ts";
import { nitroPlatform } from "../../src/inside/platform/nitro-sidecar.ts";
import { errorOf } from "../helpers/errors.ts";
import { answering, end, forward, WRONG_ANSWERS } from "./platform-answers.ts";

const STATEMENT = sha256(stringToHex("a statement"));
const BLOCK = keccak256(stringToHex("a block"));

const now = () => Math.floor(Date.now() / 1000);

describe("nitroPlatform", () => {
  let nitro: SimulatedNitro;
  let served: ServedNitriding;

  before(async () => {
    nitro = simulateNitro();
    served = await serveNitriding(nitro);
  });

  after(() => served.close());

  async function boundOf(document: Uint8Array) {
    const { bound, isSimulated } = await verifyNitro(document, { simulatedRoots: [nitro.root], now: now() });
    expect(isSimulated).to.equal(true);
    return bound;
  }

  /** What becomes of an attestation where one of the two addresses answers otherwise. */
  async function refused(addresses: Partial<ServedNitriding>): Promise<unknown> {
    const platform = nitroPlatform({ ...served, ...addresses });
    return errorOf(platform.attest(STATEMENT, BLOCK));
  }

  it("has the side-car make a document over the statement and the block, which verifies", async () => {
    const platform = nitroPlatform(served);
    expect(platform.name).to.equal("nitro");
    const { document, collateral } = await platform.attest(STATEMENT, BLOCK);
    expect(collateral).to.equal(undefined);
    const bound = await boundOf(document);
    expect(isBoundTo(bound, STATEMENT, BLOCK)).to.equal(true);
    expect(isBoundTo(bound, BLOCK, STATEMENT)).to.equal(false);
    expect(isBoundTo(bound, STATEMENT, keccak256(BLOCK))).to.equal(false);
  });

  it("attests one at a time, each over its own, though the side-car has but one hash for all", async () => {
    const platform = nitroPlatform(served);
    const pairs = Array.from({ length: 6 }, (_, index): readonly [Hex, Hex] => {
      const number = numberToHex(index, { size: 32 });
      return [sha256(number), keccak256(number)];
    });
    const attested = await Promise.all(pairs.map(([statement, block]) => platform.attest(statement, block)));
    for (const [index, { document }] of attested.entries()) {
      const [statement, block] = pairs[index] ?? [];
      expect(isBoundTo(await boundOf(document), statement ?? "0x", block ?? "0x")).to.equal(true);
    }
  });

  it("attests again after the side-car has failed it once", async () => {
    let asked = 0;
    const { url, server } = await answering((request, response) => {
      if (asked++ === 0) response.writeHead(500).end();
      else forward(served.internal, request, response);
    });
    const platform = nitroPlatform({ ...served, internal: url });
    const [first, second] = await Promise.allSettled([
      platform.attest(STATEMENT, BLOCK),
      platform.attest(STATEMENT, BLOCK),
    ]);
    await end(server);
    expect(first.status).to.equal("rejected");
    expect(second.status).to.equal("fulfilled");
  });

  it("says which side-car is not there, and what to do", async () => {
    const { url, server } = await answering((_, response) => response.end());
    await end(server);
    for (const addresses of [{ internal: url }, { external: url }]) {
      const error = await refused(addresses);
      expect(error).to.include({ name: "SilentServiceError" });
      expect(String(error)).to.include(url).and.to.include("ECONNREFUSED").and.to.include("nitriding beside it");
    }
  });

  it("waits no longer than it is told for a side-car that says nothing, or stops in the middle", async () => {
    const hanging = [
      await answering(() => {}),
      await answering((_, response) => response.writeHead(200).write("hEShATgi")),
    ];
    for (const { url } of hanging) {
      const platform = nitroPlatform({ ...served, external: url, withinMs: 50 });
      const error = await errorOf(platform.attest(STATEMENT, BLOCK));
      expect(error).to.include({ name: "SilentServiceError" });
      expect(String(error)).to.include("no answer within 50 ms");
    }
    await Promise.all(hanging.map(({ server }) => end(server)));
  });

  for (const [name, listener, complaint] of WRONG_ANSWERS) {
    it(`is not content with ${name} for a document`, async () => {
      const { url, server } = await answering(listener);
      const error = await refused({ external: url });
      await end(server);
      expect(error).to.include({ name: "WrongAnswerError" });
      expect(String(error)).to.include(complaint);
    });
  }

  it("hands on no document over another statement or block, nor one of the platform's own form for others", async () => {
    const userData = Buffer.concat([
      Buffer.from("1220", "hex"),
      Buffer.alloc(34, 1),
      Buffer.from(STATEMENT.slice(2), "hex"),
    ]);
    const nonce = Buffer.from(BLOCK.slice(2, 42), "hex");
    const wrong = [
      {},
      { userData, nonce },
      { userData: Buffer.from(STATEMENT.slice(2), "hex"), nonce },
      { userData: Buffer.concat([userData.subarray(0, 34), Buffer.from("1220", "hex"), Buffer.alloc(32)]), nonce },
    ];
    for (const document of wrong.map((request) => nitro.attest(request).toString("base64"))) {
      const { url, server } = await answering((_, response) => response.end(document));
      const error = await refused({ external: url });
      await end(server);
      expect(error).to.include({ name: "WrongAnswerError" });
      expect(String(error)).to.include("not over what was asked");
    }
  });

  it("takes no text for base64 that has anything else in it", async () => {
    const userData = concat(["0x1220", BLOCK, "0x1220", STATEMENT]);
    const nonce = Buffer.from(BLOCK.slice(2, 42), "hex");
    const text = nitro.attest({ userData: hexToBytes(userData), nonce }).toString("base64");
    for (const between of ["!", "\n"]) {
      const body = text.slice(0, 40) + between + text.slice(40);
      const { url, server } = await answering((_, response) => response.end(body));
      const error = await refused({ external: url });
      await end(server);
      expect(String(error)).to.include("not in base64");
    }
  });

  it("does not take bytes for a document that are none", async () => {
    const ofList = `8444a1013822a041805860${"00".repeat(96)}`;
    for (const bytes of ["00", "a0", "84", "8444a10138a04100", "d28444a1013822a0405860", ofList]) {
      const body = Buffer.from(bytes, "hex").toString("base64");
      const { url, server } = await answering((_, response) => response.end(body));
      const error = await refused({ external: url });
      await end(server);
      expect(error, bytes).to.include({ name: "WrongAnswerError" });
    }
  });

  it("believes another machine's side-car no certificate that nobody vouches for", async () => {
    // Reaches this machine too, by an address that is not its own.
    const error = await refused({ external: served.external.replace("127.0.0.1", "0.0.0.0") });
    expect(error).to.include({ name: "SilentServiceError" });
    expect(String(error)).to.include("self-signed certificate");
  });

  it("notices a side-car that does not take the statement", async () => {
    const error = await refused({ internal: served.external });
    expect(error).to.include({ name: "WrongAnswerError" });
    expect(String(error)).to.include("answers 404: 404 page not found");
  });
});

describe("the served side-car", () => {
  it("refuses what nitriding refuses, in its words", async () => {
    const served = await serveNitriding(simulateNitro());
    const post = async (body: string) => {
      const response = await fetch(`${served.internal}/enclave/hash`, { method: "POST", body });
      return [response.status, await response.text()];
    };
    const hash = Buffer.alloc(32, 5).toString("base64");
    expect(await post(hash)).to.deep.equal([200, ""]);
    expect(await post(`${hash}\n`)).to.deep.equal([200, ""]);
    expect(await post(`${hash}\n\n`)).to.deep.equal([400, "reached read limit\n"]);
    expect(await post("!")).to.deep.equal([400, "no Base64 given\n"]);
    expect(await post("AAAA")).to.deep.equal([400, "given hash is of invalid size\n"]);
    const response = await fetch(`${served.internal}/enclave/hash`);
    expect(response.status).to.equal(405);
    await served.close();
  });
});
