import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import type { Address } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { account } from "../../scripts/local/market.ts";
import { serveNitriding } from "../../simulator/nitriding.ts";
import { SIMULATED_PCRS, simulateNitro } from "../../simulator/nitro.ts";
import { evidenceSchema, type Evidence } from "../../src/enclave/evidence.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import { DEFAULT_LIMITS } from "../../src/inside/limits.ts";
import { nitroPlatform } from "../../src/inside/platform/nitro-sidecar.ts";
import { startEnclave } from "../../src/inside/program.ts";
import { startFaultyRpc } from "../helpers/faulty-rpc.ts";
import { LOCAL } from "../helpers/tab-world.ts";
import { until } from "../helpers/until.ts";
import { answerOf, jsonOf } from "../integration/model-command/world.ts";
import { refusalFor, startAttestWorld, type AttestWorld } from "./attest-world.ts";

const ASSAY = fileURLToPath(new URL("../../src/cli/assay.ts", import.meta.url));
const HOUR = 3_600;

const newKey = (): Address => privateKeyToAddress(generatePrivateKey());

describe("assay attest run", () => {
  let world: AttestWorld;
  let config: string;
  before(async () => {
    world = await startAttestWorld(LOCAL, 1);
    config = await world.config();
  });
  after(async () => world.close());

  const run = (...options: string[]): string[] => ["attest", "run", world.gateway.url, "--config", config, ...options];
  const expiryOf = async (key: Address): Promise<number> => (await world.keyOf(key)).expiry;
  const now = async (): Promise<number> => Number((await world.client.getBlock()).timestamp);
  const showUntil = async (key: Address, expires: number): Promise<Evidence> => {
    const evidence = await world.show({ statement: { key, expires } });
    world.gateway.show(evidence);
    return evidence;
  };

  it("enrols, then renews once less than half of the time is left", async () => {
    const key = newKey();
    const first = (await now()) + 24 * HOUR;
    await showUntil(key, first);
    const enrolled = await jsonOf(run("--once"), world.as(0));
    expect(enrolled).to.deep.include({ key, expiry: first, simulated: true });
    expect(enrolled["transaction"]).to.be.a("string");
    expect(await answerOf(run("--once"), world.as(0))).to.include("nothing to renew yet");

    await showUntil(key, first + HOUR);
    expect(await jsonOf(run("--once"), world.as(0))).to.include({ expiry: first, transaction: null });
    await showUntil(key, first + 36 * HOUR);
    expect(await jsonOf(run("--once"), world.as(0))).to.include({ expiry: first + 36 * HOUR });
    expect(await expiryOf(key)).to.equal(first + 36 * HOUR);
  });

  it("renews when it is told to, but never for an expiry that is not later", async () => {
    const key = newKey();
    const first = (await now()) + 24 * HOUR;
    await showUntil(key, first);
    await jsonOf(run("--once"), world.as(0));
    const early = ["--once", "--renew-before", `${25 * HOUR}`];
    expect(await jsonOf(run(...early), world.as(0))).to.include({ transaction: null });
    await showUntil(key, first + HOUR);
    await jsonOf(run(...early), world.as(0));
    expect(await expiryOf(key)).to.equal(first + HOUR);
  });

  it("refuses a key that is enrolled for other code", async () => {
    const key = newKey();
    await showUntil(key, (await now()) + HOUR);
    await jsonOf(run("--once"), world.as(0));
    const nitro = simulateNitro({ pcrs: { ...SIMULATED_PCRS, 1: new Uint8Array(48).fill(7) } });
    world.gateway.show(await world.show({ nitro, statement: { key } }));
    const both = await world.config({ measurements: [world.measurement, hashMeasurement(nitro.measurement)] });
    const args = ["attest", "run", world.gateway.url, "--config", both, "--once"];
    expect((await refusalFor(args, world.as(0))).name).to.equal("OtherCodeError");
  });

  it("refuses to begin what cannot end well", async () => {
    await showUntil(newKey(), (await now()) + HOUR);
    expect((await refusalFor(run("--once"), world.stranger)).name).to.equal("NoAttesterKeyError");
    expect((await refusalFor(run("--once"))).name).to.equal("NoKeyError");
    const strict = await world.config({ measurements: [] });
    const args = ["attest", "run", world.gateway.url, "--config", strict, "--once"];
    expect((await refusalFor(args, world.as(0))).name).to.equal("UnknownMeasurementError");
  });

  it("stays, through a gateway and a node that are down, and ends when it is told to", async () => {
    const proxy = await startFaultyRpc(world.node.rpc);
    const staying = await world.config({}, { rpc: proxy.rpc });
    const key = newKey();
    const first = (await now()) + HOUR;
    await showUntil(key, first);
    const args = ["attest", "run", world.gateway.url, "--config", staying, "--interval", "1"];
    const env = { ...process.env, ASSAY_PRIVATE_KEY: "", ...world.as(0).secrets };
    const running = spawn(process.execPath, [ASSAY, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(running, "close");
    let log = "";
    running.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const failures = (error: string): number => log.split(`"error":"${error}"`).length - 1;
    try {
      await until(async () => (await expiryOf(key)) === first);
      world.gateway.show();
      await until(() => failures("NoEnclaveError") > 1);
      proxy.refuse();
      await showUntil(key, first + 48 * HOUR);
      await until(() => failures("ChainUnreachableError") > 0);
      expect(await expiryOf(key)).to.equal(first);
      proxy.heal();
      await until(async () => (await expiryOf(key)) === first + 48 * HOUR);
      await until(() => log.split('"event":"enrolled"').length === 3);
    } finally {
      running.kill("SIGTERM");
      const [code] = (await ended) as [number];
      await proxy.stop();
      expect(code, log).to.equal(0);
    }
    for (const line of log.trim().split("\n")) expect(JSON.parse(line)).to.include.all.keys("time", "level", "event");
    expect(log).not.to.include(world.as(0).secrets.ASSAY_ATTESTER_PRIVATE_KEY.slice(2));
  });

  it("enrols the key that the program inside an enclave made", async () => {
    const { policy } = await world.show();
    const sidecar = await serveNitriding(world.nitro);
    const enclave = await startEnclave(
      {
        policy,
        platform: nitroPlatform(sidecar),
        gateways: [account(2).address],
        validity: 24 * HOUR,
        listen: { host: "127.0.0.1", port: 0 },
        limits: DEFAULT_LIMITS,
      },
      () => {},
    );
    try {
      world.gateway.show(async () => {
        const { number, hash } = await world.client.getBlock();
        const shown = await fetch(`${enclave.url}/evidence?number=${number}&hash=${hash}`);
        return evidenceSchema.parse(await shown.json());
      });
      expect(await jsonOf(run("--once"), world.as(0))).to.include({ key: enclave.key });
      expect(await world.isLive(enclave.key)).to.equal(true);
    } finally {
      await enclave.stop();
      await sidecar.close();
    }
  });
});

describe("assay attest run with another attester", () => {
  let world: AttestWorld;
  let config: string;
  before(async () => {
    world = await startAttestWorld(LOCAL, 2);
    config = await world.config();
  });
  after(async () => world.close());

  it("enrols what the other signed, and nothing without it, or for another key", async () => {
    const [key, file] = [newKey(), world.path("other.json")];
    world.gateway.show(await world.show({ statement: { key } }));
    const run = ["attest", "run", world.gateway.url, "--config", config, "--once"];
    expect((await refusalFor(run, world.as(0))).name).to.equal("TooFewAttestersError");
    await jsonOf(["attest", "sign", world.gateway.url, "--out", file, "--config", config], world.as(1));
    expect((await refusalFor([...run, "--with", file], world.as(1))).name).to.equal("SignedTwiceError");

    world.gateway.show(await world.show({ statement: { key: newKey() } }));
    expect((await refusalFor([...run, "--with", file], world.as(0))).name).to.equal("OtherKeyError");
    world.gateway.show(await world.show({ statement: { key } }));
    await jsonOf([...run, "--with", file], world.as(0));
    expect(await world.isLive(key)).to.equal(true);
    expect(await jsonOf([...run, "--with", file], world.as(0))).to.include({ transaction: null });
  });
});
