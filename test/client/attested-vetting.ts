import { expect } from "chai";

import { chainTime, headOf } from "../../src/client/chain.ts";
import { gatewayAt } from "../../src/client/gateway.ts";
import { openVetting } from "../../src/client/attested/vetting.ts";
import { errorOf } from "../helpers/errors.ts";
import { forgerIn } from "./attested-forger.ts";
import { startAttestedWorld, type AttestedWorld, type Lies } from "./attested-world.ts";

describe("what was found out about an enclave", () => {
  let world: AttestedWorld;

  before(async () => {
    world = await startAttestedWorld();
  });
  after(async () => {
    await world.stop();
  });

  /** By a clock that stands until it is told to go on. */
  async function vetting(lies: Lies = {}) {
    const proxy = await world.proxy(lies);
    const options = { fetch, timeout: 10_000, attempts: 1, pause: 1, signal: new AbortController().signal };
    const head = headOf(world.client);
    let time = 0;
    const vetted = openVetting({
      gateway: gatewayAt(proxy.url, options),
      client: world.client,
      escrow: { chainId: world.deployment.chainId, address: world.deployment.escrow },
      provider: world.account("provider").address,
      verifiers: [world.enclaveVerifier.address],
      head,
      trust: { enclaves: world.enclaves },
      now: () => time,
    });
    const soon = (await chainTime(head)) + 60;
    return {
      ...vetted,
      soon,
      looks: () => proxy.paths.filter((path) => path.startsWith("/v1/enclaves/")).length,
      pass: (milliseconds: number): void => {
        time += milliseconds;
      },
    };
  }

  it("holds for a minute, and not longer", async () => {
    const { find, looks, pass, soon } = await vetting();
    const { chat } = world.attested;
    const first = await find(chat, soon);
    pass(59_999);
    expect(await find(chat, soon)).to.equal(first);
    expect(looks()).to.equal(1);
    pass(1);
    expect(await find(chat, soon)).not.to.equal(first);
    expect(looks()).to.equal(2);
  });

  it("is found out once for questions that are asked at once", async () => {
    const { find, looks, soon } = await vetting();
    const found = await Promise.all(Array.from({ length: 5 }, () => find(world.attested.chat, soon)));
    expect(new Set(found).size).to.equal(1);
    expect(looks()).to.equal(1);
  });

  it("is of one model alone", async () => {
    const { find, looks, soon } = await vetting();
    await find(world.attested.chat, soon);
    await find(world.attested.embeddings, soon);
    expect(looks()).to.equal(2);
  });

  it("is found out anew after a failure, and where somebody says so", async () => {
    let isBroken = true;
    const { find, forget, looks, soon } = await vetting({ evidence: (said) => (isBroken ? {} : said) });
    expect(await errorOf(find(world.attested.chat, soon))).to.have.property("name", "GarbledError");
    isBroken = false;
    await find(world.attested.chat, soon);
    expect(looks()).to.equal(2);
    forget(world.attested.chat);
    await find(world.attested.chat, soon);
    expect(looks()).to.equal(3);
  });

  it("does not hold beyond the key's expiry, which is looked at anew before anybody is refused", async () => {
    const forger = forgerIn(world);
    const key = forger.key();
    const { find, looks, soon } = await vetting({ evidence: () => evidence });
    const evidence = await forger.evidence({ statement: { key: key.address } });
    await forger.enrol(key.address, { expiry: soon + 100 });
    const { until } = await find(world.attested.chat, soon);
    expect(until).to.equal(soon + 100);
    const error = await errorOf(find(world.attested.chat, soon + 101));
    expect(error).to.have.property("because", "expires");
    expect(looks()).to.equal(2);
    await forger.enrol(key.address, { expiry: soon + 500 });
    expect((await find(world.attested.chat, soon + 101)).until).to.equal(soon + 500);
  });
});
