/** What an enclave shows of itself, over HTTP, and how its statements follow each other. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

import { expect } from "chai";
import { hexToBytes, keccak256, numberToHex, type Hex } from "viem";

import { simulateNitro } from "../../simulator/nitro.ts";
import { checkEvidence, EnclaveRefusedError } from "../../src/enclave/check.ts";
import { evidenceSchema, type Evidence } from "../../src/enclave/evidence.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import type { ServingPolicy } from "../../src/enclave/statement.ts";
import { openAttestation } from "../../src/inside/attestation.ts";
import type { EnclaveEvent } from "../../src/inside/events.ts";
import { nitroPlatform } from "../../src/inside/platform/nitro-sidecar.ts";
import { Problem } from "../../src/inside/problem.ts";
import { openStatements } from "../../src/inside/statements.ts";
import { manifestOf } from "../enclave/manifests.ts";
import { errorOf } from "../helpers/errors.ts";
import { times } from "../helpers/random.ts";
import { expectProblem, HOUR, PROVIDER, startWorld, VERIFIER, type World } from "./world.ts";

const blockHash = (number: number): Hex => keccak256(numberToHex(number));

const POLICY: ServingPolicy = { version: 1, chainId: 1, escrow: PROVIDER, verifier: VERIFIER, models: [manifestOf()] };

describe("an enclave's evidence", () => {
  let world: World;
  let now = Math.floor(Date.now() / 1000);
  before(async () => {
    world = await startWorld({ now: () => now });
  });
  after(async () => world.stop());
  beforeEach(() => {
    world.events.length = 0;
  });

  const get = async (query: string): Promise<Response> => fetch(`${world.enclave.url}/evidence?${query}`);
  const show = async (number: number): Promise<Evidence> => {
    const response = await get(`number=${number}&hash=${blockHash(number)}`);
    expect(response.status).to.equal(200);
    return evidenceSchema.parse(await response.json());
  };
  const check = async (evidence: Evidence) => {
    const { root, measurement } = world.simulator;
    const accepted = { measurements: [hashMeasurement(measurement)], simulatedRoots: [root] };
    // The platform has a clock of its own.
    return checkEvidence(evidence, accepted, Math.floor(Date.now() / 1000));
  };

  it("is over its key, its policy and a block, and stands every check", async () => {
    const evidence = await show(7);
    const checked = await check(evidence);
    expect(checked).to.deep.include({ platform: "nitro", isSimulated: true, block: evidence.block });
    expect(evidence.statement).to.deep.include({
      key: world.enclave.key,
      verifier: VERIFIER,
      gateways: [PROVIDER],
      epoch: 1,
    });
    expect(evidence.policy).to.deep.equal(world.policy);
    for (const odd of [
      { ...evidence, block: { ...evidence.block, hash: blockHash(8) } },
      { ...evidence, statement: { ...evidence.statement, key: PROVIDER as Hex } },
      { ...evidence, statement: { ...evidence.statement, expires: evidence.statement.expires + 1 } },
    ]) {
      expect(await errorOf(check(odd))).to.be.instanceOf(EnclaveRefusedError);
    }
  });

  it("is made once for a block, however many ask", async () => {
    const all = await Promise.all(times(20, async (index) => show(20 + (index % 2))));
    expect(new Set(all.map(({ document }) => document)).size).to.equal(2);
    expect(world.kinds()).to.deep.equal(["attested", "attested"]);
    expect((await show(20)).document).to.equal(all[0]?.document);
  });

  it("is of no block that has no name", async () => {
    const hash = blockHash(1);
    for (const query of [
      "",
      "number=1",
      `hash=${hash}`,
      `number=-1&hash=${hash}`,
      `number=01&hash=${hash}`,
      `number=1e3&hash=${hash}`,
      `number=${"9".repeat(20)}&hash=${hash}`,
      `number=1&hash=${hash}00`,
      `number=1&hash=latest`,
    ]) {
      await expectProblem(await get(query), "malformed-body");
    }
  });

  it("is renewed under the same key before half of its life is over", async () => {
    const first = await show(30);
    now += 18 * HOUR;
    expect((await show(31)).statement).to.deep.equal(first.statement);
    now += 6 * HOUR - 1;
    const { statement } = await show(30);
    expect(statement).to.deep.equal({ ...first.statement, epoch: 2, expires: now + 48 * HOUR });
    expect((await check(await show(30))).statement.epoch).to.equal(2);
    expect((await world.ask({}, { deadline: first.statement.expires + 1 })).transcript.end).to.equal("complete");
  });
});

describe("an enclave's statements", () => {
  it("are of another key in each run, and never go back, whatever the clock does", async () => {
    let now = 1_000_000;
    const options = { policy: POLICY, gateways: [PROVIDER] as const, validity: 1_000 };
    const statements = openStatements({ ...options, now: () => now });
    expect(openStatements({ ...options, now: () => now }).signer.address).not.to.equal(statements.signer.address);
    const ends: number[] = [];
    for (const step of [0, 399, 1, -500, 300, 5_000, -9_000, 400]) {
      now += step;
      const { epoch, expires, key } = statements.current();
      expect(key).to.equal(statements.signer.address);
      ends.push(epoch * 1_000_000_000 + expires);
    }
    expect(ends).to.deep.equal(ends.toSorted((a, b) => a - b));
  });
});

describe("an enclave's platform", () => {
  const { measurement } = simulateNitro();
  const statements = openStatements({ policy: POLICY, gateways: [PROVIDER], validity: HOUR, now: () => 1_000 });

  it("attests one at a time, keeps no failure, and makes nobody wait in a long line", async () => {
    let [current, most, calls] = [0, 0, 0];
    const waiting: (() => void)[] = [];
    const events: EnclaveEvent[] = [];
    const attestation = openAttestation({
      policy: POLICY,
      platform: {
        name: measurement.platform,
        async attest(_, hash) {
          [current, calls] = [current + 1, calls + 1];
          most = Math.max(most, current);
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
          });
          current -= 1;
          if (hash === blockHash(1) && calls === 1) throw new TypeError("once");
          return { document: hexToBytes(hash) };
        },
      },
      statements,
      now: () => 1_000,
      tell: (event) => events.push(event),
    });
    const asks = times(16, async (number) => attestation.over({ number, hash: blockHash(number + 1) }));
    const overfull = await errorOf(attestation.over({ number: 99, hash: blockHash(99) }));
    expect((overfull as Problem).code).to.equal("overloaded");
    const results = Promise.allSettled(asks);
    const timer = setInterval(() => waiting.shift()?.(), 1);
    const states = (await results).map(({ status }) => status);
    expect(states).to.deep.equal(["rejected", ...times(15, () => "fulfilled")]);
    expect(most).to.equal(1);
    expect(await errorOf(asks[0] as Promise<unknown>)).to.include({ code: "attestation-failed" });
    expect((await attestation.over({ number: 0, hash: blockHash(1) })).block.number).to.equal(0);
    clearInterval(timer);
  });

  it("is asked again for the same block when what it signed with may have expired", async () => {
    let [now, calls] = [10_000, 0];
    const platform = {
      name: measurement.platform,
      attest: async () => ({ document: new Uint8Array([(calls += 1)]) }),
    };
    const attestation = openAttestation({ policy: POLICY, platform, statements, now: () => now, tell: () => {} });
    const block = { number: 1, hash: blockHash(1) };
    await attestation.over(block);
    await attestation.over(block);
    expect(calls).to.equal(1);
    now += 600;
    await attestation.over(block);
    expect(calls).to.equal(2);
  });

  it("that does not answer is a problem that says what to do", async () => {
    const silent = createServer((_, response) => response.writeHead(500).end("no")).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const platform = nitroPlatform({ internal: url, external: url });
    const attestation = openAttestation({ policy: POLICY, platform, statements, now: () => 1_000, tell: () => {} });
    const problem = await errorOf(attestation.over({ number: 1, hash: blockHash(1) }));
    silent.close();
    expect(problem).to.be.instanceOf(Problem);
    expect((problem as Problem).code).to.equal("attestation-failed");
    expect((problem as Problem).message).to.include("side-car");
  });
});
