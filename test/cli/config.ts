import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { confirmationsOn } from "../../src/cli/config/confirmations.ts";
import { configJsonSchema } from "../../src/cli/config/json-schema.ts";
import {
  BadVariableError,
  ConfigError,
  ExposedSecretError,
  findConfig,
  NoConfigError,
  readConfig,
} from "../../src/cli/config.ts";
import { defaultLimits } from "../../src/x402/limits.ts";
import { errorOf } from "../helpers/errors.ts";

const CHAIN = { rpc: "http://127.0.0.1:8545", id: 31_337 };
const MODEL = { folder: "iris/build", price: "0.05", proverFee: "0.02", penalty: "1" };
const FEED = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419";
const KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const PHRASE = "test test test test test test test test test test test junk";

describe("a config", () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-config-"));
    file = join(folder, "assay.json");
  });
  after(async () => rm(folder, { recursive: true }));

  const read = async (config: unknown, environment: Parameters<typeof readConfig>[1] = {}) => {
    await writeFile(file, JSON.stringify(config));
    return readConfig(file, environment);
  };
  const mistakesIn = async (config: unknown): Promise<readonly string[]> => {
    const error = await errorOf(read(config));
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).mistakes;
  };
  const withProvider = (change: object) => ({ chain: CHAIN, provider: { models: [MODEL], ...change } });
  const withModel = (change: object) => withProvider({ models: [{ ...MODEL, ...change }] });

  it("of a chain alone has defaults for all that everybody needs", async () => {
    expect(await read({ chain: CHAIN })).to.deep.equal({
      chain: { ...CHAIN, confirmations: 0, deployment: join(folder, "deployments", "31337.json") },
      store: { folder: join(folder, "data") },
    });
  });

  it("of a provider, a prover and an agent has defaults for each", async () => {
    const agent = { gateway: "https://provider.example/" };
    const config = await read({ ...withProvider({}), prover: {}, agent });
    expect(config.provider).to.deep.equal({
      models: [
        {
          folder: join(folder, "iris/build"),
          price: 50_000n,
          proverFee: 20_000n,
          penalty: 1_000_000n,
          timeout: 3600,
          openJobs: false,
        },
      ],
      enclaves: [],
      listen: { host: "127.0.0.1", port: 8402 },
      leastTopUp: 1_000_000n,
      limits: { bodyBytes: 262_144, requestsPerSecond: 50, concurrency: 64 },
      commitEverySeconds: 3600,
    });
    expect(config.prover).to.deep.equal({
      engine: { kind: "snarkjs" },
      batchSize: 32,
      price: { kind: "none" },
      gateways: [],
    });
    expect(config.agent).to.deep.equal({ gateway: "https://provider.example", limits: defaultLimits(6) });
  });

  it("of an attester accepts nothing that it does not name", async () => {
    const { attester } = await read({ chain: CHAIN, attester: {} });
    const nothing = { measurements: [], tcb: ["UpToDate"], allowSimulated: false, maxAgeSeconds: 3600 };
    expect(attester).to.deep.equal(nothing);
    const measurements = [`0x${KEY.toUpperCase()}`];
    const told = await read({ chain: CHAIN, attester: { measurements, tcb: ["OutOfDate"], verifier: FEED } });
    const accepted = { measurements: [`0x${KEY}`], tcb: ["OutOfDate"], verifier: FEED };
    expect(told.attester).to.deep.equal({ ...nothing, ...accepted });
  });

  it("takes what it is told instead, with paths from where it is", async () => {
    const config = await read({
      $schema: "docs/config.schema.json",
      chain: { ...CHAIN, id: 8453, confirmations: 3, deployment: "../base.json" },
      store: { folder: "/var/lib/assay" },
      provider: {
        keystore: "provider.json",
        models: [{ ...MODEL, timeout: 60, openJobs: true }],
        listen: { host: "0.0.0.0", port: 0 },
        stake: { perTab: "1", total: "100.5", leastFunds: "0.000001" },
      },
      prover: {
        models: ["iris/build"],
        engine: "rapidsnark:bin/prover",
        price: "fixed:3000.5",
        workers: 2,
        gateways: ["http://a.example/x/"],
      },
      agent: {
        gateway: "https://provider.example",
        limits: { price: "0.2", daily: "3", penalty: "0.5", topUp: { amount: "0" } },
      },
    });
    expect(config.chain).to.include({ confirmations: 3, deployment: join(folder, "../base.json") });
    expect(config.store).to.deep.equal({ folder: "/var/lib/assay" });
    expect(config.provider).to.deep.include({
      keystore: join(folder, "provider.json"),
      listen: { host: "0.0.0.0", port: 0 },
      stake: { perTab: 1_000_000n, total: 100_500_000n, leastFunds: 1n },
    });
    expect(config.provider?.models[0]).to.include({ timeout: 60, openJobs: true });
    expect(config.prover).to.deep.include({
      models: [join(folder, "iris/build")],
      engine: { kind: "rapidsnark", path: join(folder, "bin/prover") },
      price: { kind: "fixed", usdPerEther: 3000.5 },
      workers: 2,
      gateways: ["http://a.example/x"],
    });
    const { topUp, ...limits } = defaultLimits(6);
    expect(config.agent?.limits).to.deep.equal({
      ...limits,
      price: 200_000n,
      daily: 3_000_000n,
      penalty: 500_000n,
      topUp: { ...topUp, amount: 0n },
    });
  });

  it("takes a price from a feed, whose address it gives its checksum", async () => {
    const { prover } = await read({ chain: CHAIN, prover: { price: `feed:${FEED.toLowerCase()}` } });
    expect(prover?.price).to.deep.equal({ kind: "feed", address: FEED });
  });

  it("lets the environment say where the node and the database are", async () => {
    const environment = { ASSAY_RPC: "https://node.example/key", DATABASE_URL: "postgres://assay:pass@db/assay" };
    const config = await read({ chain: { id: 1 }, store: { folder: "data" } }, environment);
    expect(config.chain).to.include({ rpc: environment.ASSAY_RPC, confirmations: 12 });
    expect(config.store).to.deep.equal({ url: environment.DATABASE_URL });
    expect((await read({ chain: CHAIN }, { ASSAY_RPC: "", DATABASE_URL: "" })).chain.rpc).to.equal(CHAIN.rpc);
  });

  it("refuses what makes no sense there, without quoting it", async () => {
    for (const environment of [{ ASSAY_RPC: "node.example/key" }, { DATABASE_URL: "mysql://assay:pass@db" }]) {
      const error = await errorOf(read({ chain: CHAIN }, environment));
      expect(error).to.be.instanceOf(BadVariableError);
      expect((error as Error).message)
        .to.include(Object.keys(environment)[0])
        .and.not.match(/key|pass/);
    }
  });

  it("counts on blocks as deep as their chain asks for, and deeper where nobody knows it", () => {
    expect([31_337, 1, 8453, 42_161, 137, 424_242].map(confirmationsOn)).to.deep.equal([0, 12, 5, 40, 16, 64]);
  });

  it("is refused for a mistake, with its place, what is expected and what was given", async () => {
    const dollars = 'must be dollars as text with at most six decimals, such as "0.05", got';
    for (const [config, mistake] of [
      [{}, "chain is missing: it must be an object with some of rpc, id, confirmations, deployment"],
      [
        [],
        "the config must be an object with some of $schema, chain, store, provider, prover, agent, attester, got a list",
      ],
      [
        null,
        "the config must be an object with some of $schema, chain, store, provider, prover, agent, attester, got null",
      ],
      [{ chain: { ...CHAIN, id: undefined } }, "chain.id is missing: it must be a whole number from 1 to 4294967295"],
      [{ chain: { ...CHAIN, id: "1" } }, 'chain.id must be a whole number from 1 to 4294967295, got "1"'],
      [{ chain: { ...CHAIN, id: 1.5 } }, "chain.id must be a whole number from 1 to 4294967295, got 1.5"],
      [
        { chain: { ...CHAIN, rpc: "127.0.0.1:8545" } },
        'chain.rpc must be an address that begins with http:// or https://, got "127.0.0.1:8545"',
      ],
      [
        { chain: { ...CHAIN, rpc: "ws://node.example/key" } },
        "chain.rpc must be an address that begins with http:// or https://, got another address",
      ],
      [
        { chain: { ...CHAIN, confirmations: -1 } },
        "chain.confirmations must be a whole number from 0 to 10000, got -1",
      ],
      [
        { chain: { ...CHAIN, url: "x" } },
        "chain.url is not known: it must be one of rpc, id, confirmations, deployment",
      ],
      [{ chain: CHAIN, store: { folder: "" } }, 'store.folder must be the path of a file or folder, got ""'],
      [
        { chain: CHAIN, store: { folder: "data", url: "postgres://db/assay" } },
        "store.url must be left out where there is a folder, got another address",
      ],
      [
        { chain: CHAIN, store: { url: "mysql://db/assay" } },
        "store.url must be an address that begins with postgres:// or postgresql://, got another address",
      ],
      [withProvider({ models: [] }), "provider.models must be at least one model, or one enclave, got a list"],
      [withProvider({ models: MODEL }), "provider.models must be a list of models, got an object"],
      [withModel({ price: 0.05 }), `provider.models[0].price ${dollars} 0.05`],
      [withModel({ price: "$0.05" }), `provider.models[0].price ${dollars} "$0.05"`],
      [withModel({ price: "0.0000001" }), `provider.models[0].price ${dollars} "0.0000001"`],
      [withModel({ price: "1e3" }), `provider.models[0].price ${dollars} "1e3"`],
      [withModel({ price: "-1" }), `provider.models[0].price ${dollars} "-1"`],
      [withModel({ price: "0.00" }), 'provider.models[0].price must be more than nothing, got "$0.00"'],
      [
        withModel({ price: "99999999999999999999999" }),
        'provider.models[0].price must be an amount that the contracts can count, got "99999999999999999999999"',
      ],
      [
        withModel({ proverFee: "0.06" }),
        'provider.models[0].proverFee must be at most the price, which it is a part of, got "$0.06"',
      ],
      [withModel({ timeout: 90_000 }), "provider.models[0].timeout must be a whole number from 60 to 82800, got 90000"],
      [withModel({ openJobs: "yes" }), 'provider.models[0].openJobs must be true or false, got "yes"'],
      [
        withProvider({ models: [MODEL, { ...MODEL, folder: "./iris/build" }] }),
        /^provider\.models\[1\]\.folder must be another than that of a model before it, got ".*iris\/build"$/,
      ],
      [
        withProvider({ stake: { perTab: "0.5", total: "5", leastFunds: "1" } }),
        'provider.models[0].penalty must be at most stake.perTab, or nobody could be served, got "$1.00"',
      ],
      [
        withProvider({ stake: { perTab: "5", total: "1", leastFunds: "1" } }),
        'provider.stake.total must be at least stake.perTab, got "$1.00"',
      ],
      [
        withProvider({ listen: { port: 70_000 } }),
        "provider.listen.port must be a whole number from 0 to 65535, got 70000",
      ],
      [{ chain: CHAIN, prover: { models: "iris" } }, 'prover.models must be a list of folders, got "iris"'],
      [{ chain: CHAIN, prover: { models: [1] } }, "prover.models[0] must be the path of a file or folder, got 1"],
      [
        { chain: CHAIN, prover: { engine: "rapidsnark" } },
        'prover.engine must be "snarkjs" or "rapidsnark:PATH", got "rapidsnark"',
      ],
      [
        { chain: CHAIN, prover: { price: "3000" } },
        'prover.price must be "none", "fixed:DOLLARS" or "feed:ADDRESS", got "3000"',
      ],
      [
        { chain: CHAIN, prover: { price: "fixed:0" } },
        'prover.price must be fixed:DOLLARS, such as fixed:3000, got "fixed:0"',
      ],
      [
        { chain: CHAIN, prover: { price: `feed:${FEED.replace("eC", "EC")}` } },
        `prover.price must be feed: and the address of a price feed, got "feed:${FEED.replace("eC", "EC")}"`,
      ],
      [{ chain: CHAIN, prover: { batchSize: 65 } }, "prover.batchSize must be a whole number from 1 to 64, got 65"],
      [{ chain: CHAIN, attester: { measurements: ["0x12"] } }, /^attester.measurements\[0\] must be 32 bytes in hex/],
      [{ chain: CHAIN, attester: { tcb: ["Fine"] } }, /^attester.tcb\[0\] must be one of UpToDate, /],
      [{ chain: CHAIN, attester: { verifier: "0x12" } }, /^attester.verifier must be the address of a contract/],
      [
        { chain: CHAIN, agent: {} },
        "agent.gateway is missing: it must be an address that begins with http:// or https://",
      ],
    ] as const) {
      const [found, ...others] = await mistakesIn(config);
      expect(others, found).to.deep.equal([]);
      if (typeof mistake === "string") expect(found).to.equal(mistake);
      else expect(found).to.match(mistake);
    }
  });

  it("is told all of its mistakes at once", async () => {
    expect(await mistakesIn({ chain: { ...CHAIN, id: 0, url: 1 }, prover: { workers: 0 } })).to.have.lengthOf(3);
  });

  it("is refused with a secret in it, which is not quoted", async () => {
    for (const [config, path] of [
      [{ chain: CHAIN, provider: { key: KEY } }, "provider.key"],
      [{ chain: CHAIN, provider: { models: [{ folder: `0x${KEY}` }] } }, "provider.models[0].folder"],
      [{ chain: CHAIN, agent: { privateKey: "later" } }, "agent.privateKey"],
      [{ chain: CHAIN, attester: { measurements: [KEY] } }, "attester.measurements[0]"],
      [{ chain: CHAIN, attester: { key: `0x${KEY}` } }, "attester.key"],
      [{ chain: CHAIN, prover: { private_key: 7 } }, "prover.private_key"],
      [{ chain: CHAIN, provider: { password: "pass" } }, "provider.password"],
      [{ chain: CHAIN, agent: { wallet: PHRASE } }, "agent.wallet"],
      [{ chain: CHAIN, store: { url: "postgres://assay:pass@db/assay" } }, "store.url"],
    ] as const) {
      const error = await errorOf(read(config));
      expect(error).to.be.instanceOf(ExposedSecretError);
      expect((error as Error).message)
        .to.include(path)
        .and.include("assay keystore import");
      expect((error as Error).message).not.to.match(/ac0974|later|junk|:pass/);
    }
  });

  it("is refused when it is no JSON, or cannot be read", async () => {
    await writeFile(file, `{ "key": "${KEY}", `);
    const error = await errorOf(readConfig(file, {}));
    expect(error).to.be.instanceOf(ConfigError);
    expect((error as Error).message)
      .to.include("not JSON")
      .and.not.include(KEY);
    expect(await errorOf(readConfig(join(folder, "none.json"), {}))).to.be.instanceOf(NoConfigError);
    expect(await errorOf(findConfig(folder, {})))
      .to.be.instanceOf(NoConfigError)
      .with.property("isAbsent", false);
  });

  it("may be missing where nobody named one", async () => {
    const here = process.cwd();
    try {
      process.chdir(await mkdtemp(join(folder, "empty-")));
      expect(await findConfig(undefined, {})).to.equal(undefined);
      await writeFile("assay.json", JSON.stringify({ chain: CHAIN }));
      expect((await findConfig(undefined, {}))?.chain.id).to.equal(CHAIN.id);
    } finally {
      process.chdir(here);
    }
  });
});

describe("the documents about the config", () => {
  const document = async (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");

  it("have a schema that is fresh", async () => {
    expect(JSON.parse(await document("config.schema.json"))).to.deep.equal(configJsonSchema());
  });

  it("tell of each key", async () => {
    const text = await document("config.md");
    const missing = keysOf(configJsonSchema()).filter((key) => !text.includes(`\`${key}\``));
    expect(missing).to.deep.equal([]);
  });

  it("show configs that are good", async () => {
    const examples = (await document("config.md")).match(/(?<=```json\n)[^`]*/g) ?? [];
    expect(examples).not.to.be.empty;
    const folder = await mkdtemp(join(tmpdir(), "assay-config-"));
    for (const [index, example] of examples.entries()) {
      const file = join(folder, `${index}.json`);
      await writeFile(file, example);
      await readConfig(file, {});
    }
    await rm(folder, { recursive: true });
  });
});

type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly items?: Schema };

/** The names of all keys that have no keys of their own. */
function keysOf({ properties = {} }: Schema, prefix = ""): string[] {
  return Object.entries(properties).flatMap(([name, inner]) => {
    const list = inner.items?.properties === undefined ? inner : inner.items;
    const key = `${prefix}${name}${list === inner ? "" : "[]"}`;
    return list.properties === undefined ? [key] : keysOf(list, `${key}.`);
  });
}
