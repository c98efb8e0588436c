import type { RequestListener } from "node:http";
import { join } from "node:path";

import { serveDstack } from "assay-simulator/dstack";
import { servePccs, type ServedPccs } from "assay-simulator/pccs";
import { simulateTdx, type SimulatedTdx } from "assay-simulator/tdx";
import { expect } from "chai";
import { concat, hexToBytes, keccak256, sha256, stringToHex } from "viem";

import { verifyDcap } from "../../src/enclave/dcap.ts";
import { collateralSchema } from "../../src/enclave/evidence.ts";
import { isBoundTo } from "../../src/enclave/statement.ts";
import { dstackPlatform } from "../../src/inside/platform/dstack-socket.ts";
import { errorOf } from "../helpers/errors.ts";
import { answering, answeringOn, askSocket, end, forward, WRONG_ANSWERS, withFolder } from "./platform-answers.ts";

const STATEMENT = sha256(stringToHex("a statement"));
const BLOCK = keccak256(stringToHex("a block"));
const REPORT_DATA = hexToBytes(concat([STATEMENT, BLOCK]));

const now = () => Math.floor(Date.now() / 1000);

describe("dstackPlatform", () => {
  let tdx: SimulatedTdx;
  let pccs: ServedPccs;

  before(async () => {
    tdx = simulateTdx();
    pccs = await servePccs(tdx);
  });

  after(() => pccs.close());

  /** Runs something with the guest agent on a socket. */
  function withAgent<T>(use: (socket: string) => Promise<T>): Promise<T> {
    return withFolder(async (folder) => {
      const socket = join(folder, "dstack.sock");
      const close = await serveDstack(tdx, socket);
      try {
        return await use(socket);
      } finally {
        await close();
      }
    });
  }

  /** What becomes of an attestation where something else listens on the agent's socket. */
  function refusedBy(listener: RequestListener, withinMs?: number): Promise<unknown> {
    return withFolder(async (folder) => {
      const socket = join(folder, "dstack.sock");
      const server = await answeringOn(socket, listener);
      const bounds = withinMs === undefined ? {} : { withinMs };
      const error = await errorOf(dstackPlatform({ socket, pccs: pccs.url, ...bounds }).attest(STATEMENT, BLOCK));
      await end(server);
      return error;
    });
  }

  it("has the agent make a quote over the statement and the block, and finds what verifies it", async () => {
    await withAgent(async (socket) => {
      const platform = dstackPlatform({ socket, pccs: pccs.url });
      expect(platform.name).to.equal("tdx");
      const { document, collateral } = await platform.attest(STATEMENT, BLOCK);
      const parsed = collateralSchema.parse(collateral);
      const attested = await verifyDcap(document, parsed, { simulatedRoots: [tdx.root], now: now() });
      expect(attested).to.deep.include({ isSimulated: true, measurement: tdx.measurement });
      expect(attested.tcb?.status).to.equal("UpToDate");
      expect(isBoundTo(attested.bound, STATEMENT, BLOCK)).to.equal(true);
      expect(isBoundTo(attested.bound, BLOCK, STATEMENT)).to.equal(false);
      const error = await errorOf(verifyDcap(document, parsed, { now: now() }));
      expect(error).to.include({ name: "CertificateError", because: "root" });
    });
  });

  it("asks for what Intel publishes once, for all quotes of an hour", async () => {
    const asked: string[] = [];
    const watched = await answering((request, response) => {
      asked.push(request.url ?? "");
      forward(pccs.url, request, response);
    });
    await withAgent(async (socket) => {
      const platform = dstackPlatform({ socket, pccs: `${watched.url}/` });
      const first = await platform.attest(STATEMENT, BLOCK);
      const second = await platform.attest(BLOCK, STATEMENT);
      expect(second.collateral).to.deep.equal(first.collateral);
      expect(second.document).not.to.deep.equal(first.document);
    });
    await end(watched.server);
    expect(asked.toSorted()).to.deep.equal([
      "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
      "/sgx/certification/v4/rootcacrl",
      "/tdx/certification/v4/qe/identity?update=standard",
      "/tdx/certification/v4/tcb?fmspc=A55A00000000",
    ]);
  });

  it("says that there is no agent, and what to do", async () => {
    await withFolder(async (folder) => {
      const socket = join(folder, "dstack.sock");
      const error = await errorOf(dstackPlatform({ socket, pccs: pccs.url }).attest(STATEMENT, BLOCK));
      expect(error).to.include({ name: "SilentServiceError" });
      expect(String(error)).to.include(socket).and.to.include("ENOENT").and.to.include("under dstack 0.5");
    });
  });

  it("waits no longer than it is told for an agent that says nothing", async () => {
    const error = await refusedBy(() => {}, 50);
    expect(error).to.include({ name: "SilentServiceError" });
    expect(String(error)).to.include("no answer within 50 ms");
  });

  for (const [name, listener, complaint] of WRONG_ANSWERS) {
    it(`is not content with ${name} for a quote`, async () => {
      const error = await refusedBy(listener);
      expect(error).to.include({ name: "WrongAnswerError" });
      expect(String(error)).to.include(complaint);
    });

    it(`is not content with ${name} for collateral`, async () => {
      const { url, server } = await answering(listener);
      await withAgent(async (socket) => {
        const error = await errorOf(dstackPlatform({ socket, pccs: url }).attest(STATEMENT, BLOCK));
        expect(error).to.include({ name: "WrongAnswerError" });
        expect(String(error)).to.include(url).and.to.include(complaint);
      });
      await end(server);
    });
  }

  it("hands on no quote over something else, of no platform, or with no bytes in it", async () => {
    const quotes: readonly [quote: string, complaint: string][] = [
      ["", "no quote in hex"],
      ["0x00", "no quote in hex"],
      ["00", "is malformed"],
      [tdx.quote(REPORT_DATA.toReversed()).toString("hex"), "not one of TDX over what was asked"],
      [tdx.quote(REPORT_DATA).subarray(0, -1).toString("hex"), "is malformed"],
    ];
    for (const [quote, complaint] of quotes) {
      const error = await refusedBy((_, response) => response.end(JSON.stringify({ quote })));
      expect(error).to.include({ name: "WrongAnswerError" });
      expect(String(error)).to.include(complaint);
    }
  });

  it("takes no list of revoked certificates for text that is none", async () => {
    const der = Buffer.from(tdx.collateral().root_ca_crl, "hex");
    const { url, server } = await answering((request, response) => {
      if (request.url?.endsWith("/rootcacrl") === true) response.end(der);
      else forward(pccs.url, request, response);
    });
    await withAgent(async (socket) => {
      const error = await errorOf(dstackPlatform({ socket, pccs: url }).attest(STATEMENT, BLOCK));
      expect(String(error)).to.include("its list of the root is not in hex");
    });
    await end(server);
  });

  it("is told by a PCCS that knows other platforms alone", async () => {
    const { url, server } = await answering((_, response) => response.writeHead(404).end("No cache data"));
    await withAgent(async (socket) => {
      const error = await errorOf(dstackPlatform({ socket, pccs: url }).attest(STATEMENT, BLOCK));
      expect(String(error)).to.include("answers 404: No cache data").and.to.include("`pccs`");
    });
    await end(server);
  });
});

describe("the served guest agent", () => {
  it("answers as dstack's does: fewer bytes are filled up, more are refused, and it names its version", async () => {
    const tdx = simulateTdx();
    await withFolder(async (folder) => {
      const socket = join(folder, "dstack.sock");
      const close = await serveDstack(tdx, socket);
      const post = async (path: string, body: object) => {
        const answer = await askSocket(socket, path, JSON.stringify(body));
        return answer as Readonly<Record<string, unknown>>;
      };
      const filled = await post("/GetQuote", { report_data: "1234deadbeaf" });
      expect(filled).to.include({ report_data: `1234deadbeaf${"0".repeat(116)}`, event_log: "[]" });
      expect(Object.keys(filled)).to.include.members(["quote", "vm_config", "attestation"]);
      for (const report_data of ["00".repeat(65), "xyz", 5]) {
        expect(await post("/GetQuote", { report_data })).to.have.property("error");
      }
      expect(await post("/Version", {})).to.include({ version: "0.5.9" });
      await close();
    });
  });
});
