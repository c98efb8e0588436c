/** `assay enclave`, as people call it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { keccak256, type Hex } from "viem";

import { startUpstream, type Upstream } from "../../scripts/local/upstream.ts";
import { serveNitriding, type ServedNitriding } from "../../simulator/nitriding.ts";
import { simulateNitro } from "../../simulator/nitro.ts";
import { checkEvidence } from "../../src/enclave/check.ts";
import { evidenceSchema } from "../../src/enclave/evidence.ts";
import { attestedModelOf } from "../../src/enclave/manifest.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import { EnclaveConfigError, readEnclaveConfig } from "../../src/cli/enclave/config.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { manifestOf } from "../enclave/manifests.ts";
import { answerOf, complaintOf, errorOf, jsonOf } from "../integration/model-command/world.ts";
import { CHAIN_ID, ESCROW, PROVIDER, VERIFIER } from "./world.ts";

const ASSAY = fileURLToPath(new URL("../../src/cli/assay.ts", import.meta.url));

describe("assay enclave", () => {
  const simulator = simulateNitro();
  let folder: string;
  let upstream: Upstream;
  let sidecar: ServedNitriding;
  const { enclave: _elsewhere, ...unmeasured } = manifestOf();
  const measured = (): object => ({ ...unmeasured, enclave: simulator.measurement, upstream: manifestUpstream() });
  const manifestUpstream = () => ({ url: upstream.url, model: "llama" });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-enclave-"));
    upstream = await startUpstream({ apiKey: "sk-mine" });
    sidecar = await serveNitriding(simulator);
  });
  after(async () => {
    await sidecar.close();
    await upstream.stop();
    await rm(folder, { recursive: true });
  });

  const write = async (changes: object = {}): Promise<string> => {
    const file = join(folder, "enclave.json");
    const { internal, external } = sidecar;
    const config = {
      chain: CHAIN_ID,
      escrow: ESCROW,
      verifier: VERIFIER,
      gateways: [PROVIDER],
      platform: { platform: "nitro", internal, external, simulatedRoot: simulator.root },
      models: [{ ...unmeasured, upstream: manifestUpstream() }],
      listen: { port: 0 },
      ...changes,
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  };

  it("tells a provider what its enclave measures, and writes that down", async () => {
    const file = await write();
    expect(await errorOf(["enclave", "model", "--config", file])).to.include({ name: "UnmeasuredModelError" });
    expect(await errorOf(["enclave", "--config", file])).to.include({ name: "UnmeasuredModelError" });
    const out = join(folder, "measured.json");
    const { models } = await jsonOf(["enclave", "model", "--config", file, "--attest", "--out", out]);
    const manifest = manifestOf({ enclave: simulator.measurement, upstream: manifestUpstream() });
    const measurement = hashMeasurement(simulator.measurement);
    expect((models as object[])[0]).to.include({ model: attestedModelOf(manifest), measurement, simulated: true });
    expect(await jsonOf(["enclave", "model", "--config", out])).to.deep.equal({ models });
    expect(await answerOf(["enclave", "model", "--config", out]))
      .to.include("SIMULATED")
      .and.include(measurement);
    const written = JSON.parse(await readFile(out, "utf8")) as { listen: object; models: object[] };
    expect(written.listen).to.deep.equal({ port: 0 });
    expect(written.models).to.deep.equal([measured()]);
  });

  it("measures nothing on the word of a simulator that was not named", async () => {
    const { internal, external } = sidecar;
    const file = await write({ platform: { platform: "nitro", internal, external } });
    const { name } = await errorOf(["enclave", "model", "--config", file, "--attest"]);
    expect(name).not.to.equal("UnmeasuredModelError");
  });

  it("answers until it is told to end, with a key to its upstream from the environment alone", async () => {
    const file = await write({ models: [measured()] });
    const running = spawn(process.execPath, [ASSAY, "enclave", "--config", file], {
      env: { ...process.env, ASSAY_UPSTREAM_API_KEY: "sk-mine" },
    });
    const ended = once(running, "exit");
    const log = text(running.stderr);
    try {
      const [line] = (await once(createInterface(running.stdout), "line")) as [string];
      const { url, key, models } = JSON.parse(line) as { url: string; key: Hex; models: Hex[] };
      expect(models).to.have.lengthOf(1);
      const shown = await fetch(`${url}/evidence?number=1&hash=${keccak256("0x01")}`);
      const checked = await checkEvidence(
        evidenceSchema.parse(await shown.json()),
        { measurements: [hashMeasurement(simulator.measurement)], simulatedRoots: [simulator.root] },
        Math.floor(Date.now() / 1000),
      );
      expect(checked.statement).to.include({ key, epoch: 1 });
      expect(checked.models).to.deep.equal(models);
    } finally {
      running.kill("SIGTERM");
    }
    expect(await ended).to.deep.equal([0, null]);
    const lines = (await log).trim().split("\n");
    const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).to.deep.equal(["listening", "attested", "stopping"]);
    expect(await log).not.to.include("sk-mine");
  });

  it("says what has to be mended in its config, and quotes no secrets", async () => {
    const mistakes: [object, string][] = [
      [{ gateways: [] }, "gateways"],
      [{ validity: 60 }, "validity"],
      [{ validity: 91 * 86_400 }, "validity"],
      [{ platform: { platform: "simulator" } }, "platform"],
      [{ apiKey: "sk-secret" }, "the config"],
      [{ models: [{ ...measured(), price: { base: "-1", input: "0", output: "0" } }] }, "models.0.price.base"],
    ];
    for (const [changes, where] of mistakes) {
      const error = await rejectionOf(readEnclaveConfig(await write(changes)));
      expect(error).to.be.instanceOf(EnclaveConfigError);
      expect((error as Error).message)
        .to.include(where)
        .and.not.to.include("sk-secret");
    }
    const file = join(folder, "enclave.json");
    await writeFile(file, "{");
    expect((await errorOf(["enclave", "--config", file])).message).to.include("not JSON");
    expect((await errorOf(["enclave", "--config", join(folder, "no.json")])).name).to.equal("NoEnclaveConfigError");
  });

  it("has a usage", async () => {
    expect(await answerOf(["enclave", "--help"])).to.include("Usage: assay enclave");
    expect(await answerOf(["enclave", "model", "--help"])).to.include("--attest");
    expect(await complaintOf(["enclave", "start"])).to.include('got "start"');
    expect(await complaintOf(["enclave", "--port", "1"])).to.include("--port");
    expect(await complaintOf(["enclave", "model", "--out", "a"])).to.include("--attest");
  });
});
