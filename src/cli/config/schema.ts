/** What a config may say: see docs/config.md. */
import { resolve } from "node:path";

import { z } from "zod";

import { TOKEN_DECIMALS } from "../../deploy/token.ts";
import { TCB_STATUSES } from "../../enclave/evidence.ts";
import type { StoreLocation } from "../../store/database.ts";
import { defaultLimits, type Limits } from "../../x402/limits.ts";
import { confirmationsOn } from "./confirmations.ts";
import { dollarsText } from "./dollars.ts";
import {
  contract,
  dollars,
  engine,
  flag,
  httpUrl,
  path,
  postgresUrl,
  priceSource,
  section,
  whole,
  word,
} from "./values.ts";

const HOUR = 3600;
/** An hour less than an exit takes, for lag, reorganisations and clocks that drift. */
const LONGEST_TIMEOUT = 23 * HOUR;
const DAY = 24 * HOUR;
const MOST_CHAIN_ID = 4_294_967_295;

/** The schema of a config whose relative paths begin in `folder`. */
export function configSchema(folder: string) {
  return section(
    {
      $schema: z.string("text").describe("Where this schema is, for editors.").optional(),
      chain: chain(folder),
      store: store(folder),
      provider: provider(folder).optional(),
      prover: prover(folder).optional(),
      agent: agent(folder).optional(),
      attester: attester(folder).optional(),
    },
    "Config of assay.",
  );
}

export type Config = z.output<ReturnType<typeof configSchema>>;

/** What `assay serve` is run with. */
export type ProviderConfig = NonNullable<Config["provider"]>;

/** What `assay prove` is run with. */
export type ProverConfig = NonNullable<Config["prover"]>;

/** What `assay ask` is run with. */
export type AgentConfig = NonNullable<Config["agent"]>;

/** What `assay attest` accepts. */
export type AttesterConfig = NonNullable<Config["attester"]>;

function chain(folder: string) {
  return section(
    {
      rpc: httpUrl(
        "JSON-RPC of the chain's node. ASSAY_RPC goes before it, which is the place for an address with a key.",
      ),
      id: whole(1, MOST_CHAIN_ID, "The chain's id; a node of another chain is refused."),
      confirmations: whole(0, 10_000, "Blocks on top of another before it counts.").optional(),
      deployment: path(folder, "The record of a deployment; by default deployments/<id>.json.").optional(),
    },
    "The chain, and Assay on it.",
  ).transform(({ confirmations, deployment, ...rest }) => ({
    ...rest,
    confirmations: confirmations ?? confirmationsOn(rest.id),
    deployment: deployment ?? resolve(folder, "deployments", `${rest.id}.json`),
  }));
}

function store(folder: string) {
  return section(
    {
      folder: path(folder, "A folder for an embedded database, which belongs to one process.").optional(),
      url: postgresUrl(
        "A PostgreSQL server. DATABASE_URL goes before it, which is the place for a password.",
      ).optional(),
    },
    "Where requests, receipts and jobs are kept.",
  )
    .superRefine((given, context) => {
      if (given.folder !== undefined && given.url !== undefined) {
        context.addIssue({
          code: "custom",
          path: ["url"],
          message: "left out where there is a folder",
          input: given.url,
        });
      }
    })
    .prefault({})
    .transform((given): StoreLocation => {
      return given.url === undefined ? { folder: given.folder ?? resolve(folder, "data") } : { url: given.url };
    });
}

function provider(folder: string) {
  return section(
    {
      keystore: path(folder, "The key that signs receipts. Without it, ASSAY_PROVIDER_PRIVATE_KEY.").optional(),
      models: z.array(model(folder), "a list of models").describe("Models whose answers are proven.").default([]),
      enclaves: z
        .array(enclave(), "a list of enclaves")
        .describe("Enclaves whose answers are attested: models too large to prove.")
        .default([]),
      phase1: path(folder, "The phase 1 of the models, which are verified before they are sold.").optional(),
      listen: section(
        {
          host: z
            .string("a host's name")
            .min(1, "a host's name")
            .describe("Address to listen on.")
            .default("127.0.0.1"),
          port: whole(0, 65_535, "Port to listen on; 0 for any that is free.").default(8402),
        },
        "Where the gateway listens.",
      ).prefault({}),
      publicUrl: httpUrl("Where others reach the gateway, if not where it listens.").optional(),
      stake: section(
        {
          perTab: dollars("What is staked in a tab."),
          total: dollars("The most that is staked in all tabs together."),
          leastFunds: dollars("What a tab has to hold before anything is staked in it."),
        },
        "Stake that the gateway adds by itself. Without it, only stake that was added by hand counts.",
      ).optional(),
      leastTopUp: dollars("The smallest top-up that is worth its gas.").prefault("1.00"),
      limits: section(
        {
          bodyBytes: whole(1_024, 67_108_864, "The largest body of a request.").default(262_144),
          requestsPerSecond: whole(1, 1_000_000, "Requests a second from one address.").default(50),
          concurrency: whole(1, 100_000, "Requests in hand at once.").default(64),
        },
        "What the gateway lets in.",
      ).prefault({}),
      commitEverySeconds: whole(0, 30 * DAY, "How often receipts are committed to on chain; 0 for never.").default(
        HOUR,
      ),
    },
    "Selling answers: assay serve.",
  ).superRefine(({ models, enclaves, stake }, context) => {
    if (models.length + enclaves.length === 0) {
      context.addIssue({
        code: "custom",
        path: ["models"],
        message: "at least one model, or one enclave",
        input: models,
      });
    }
    for (const [index, { penalty, url }] of enclaves.entries()) {
      const refuse = (key: string, message: string, input: unknown): void =>
        context.addIssue({ code: "custom", path: ["enclaves", index, key], message, input });
      if (stake !== undefined && penalty > stake.perTab) {
        refuse("penalty", "at most stake.perTab, or nobody could be served", dollarsText(penalty));
      }
      if (enclaves.findIndex((other) => other.url === url) !== index) {
        refuse("url", "another than that of an enclave before it", url);
      }
    }
    for (const [index, { price, proverFee, penalty, folder: built }] of models.entries()) {
      const refuse = (key: string, message: string, input: unknown): void =>
        context.addIssue({ code: "custom", path: ["models", index, key], message, input });
      if (price === 0n) {
        refuse("price", "more than nothing", dollarsText(price));
      } else if (proverFee > price) {
        refuse("proverFee", "at most the price, which it is a part of", dollarsText(proverFee));
      }
      if (stake !== undefined && penalty > stake.perTab) {
        refuse("penalty", "at most stake.perTab, or nobody could be served", dollarsText(penalty));
      }
      if (models.findIndex((other) => other.folder === built) !== index) {
        refuse("folder", "another than that of a model before it", built);
      }
    }
    if (stake !== undefined && stake.perTab > stake.total) {
      const message = "at least stake.perTab";
      context.addIssue({ code: "custom", path: ["stake", "total"], message, input: dollarsText(stake.total) });
    }
  });
}

function model(folder: string) {
  return section(
    {
      folder: path(folder, "A built model."),
      price: dollars("What an answer costs."),
      proverFee: dollars("The part of the price that goes to whoever proves it."),
      penalty: dollars("What an answer that is not proven in time costs the provider."),
      timeout: whole(60, LONGEST_TIMEOUT, "Seconds until an answer has to be settled.").default(HOUR),
      openJobs: flag("Whether strangers may prove it, who then see its inputs.").default(false),
    },
    "A model, and its terms.",
  );
}

function enclave() {
  return section(
    {
      url: httpUrl("The program inside, started with assay enclave."),
      penalty: dollars("What an answer that is not settled in time costs the provider."),
      timeout: whole(60, LONGEST_TIMEOUT, "Seconds until an answer has to be settled.").default(HOUR),
    },
    "An enclave; its models and their prices are in its own settings.",
  );
}

function prover(folder: string) {
  return section(
    {
      keystore: path(folder, "The key that settles. Without it, ASSAY_PROVER_PRIVATE_KEY.").optional(),
      models: z
        .array(path(folder, "A built model."), "a list of folders")
        .describe("Models to prove; by default those of provider.models.")
        .optional(),
      workers: whole(1, 1_024, "Proofs made at once; by default one a core.").optional(),
      engine: engine(folder, "What proves.").prefault("snarkjs"),
      batchSize: whole(1, 64, "Answers settled in one transaction.").default(32),
      maxWaitSeconds: whole(1, DAY, "How long a proof waits for others to be settled with.").optional(),
      price: priceSource(
        "The price of the chain's coin: a fee that does not cover its gas is refused. With none, all is settled.",
      ).prefault("none"),
      gateways: z
        .array(httpUrl("A gateway."), "a list of addresses")
        .describe("Gateways of others to take jobs from; by default the jobs in the store.")
        .default([]),
    },
    "Proving and settling: assay prove.",
  );
}

/** What a prover does that no config says anything of. */
export const DEFAULT_PROVER: ProverConfig = prover(".").parse({});

function agent(folder: string) {
  return section(
    {
      keystore: path(folder, "The key that signs requests. Without it, ASSAY_AGENT_PRIVATE_KEY.").optional(),
      gateway: httpUrl("The provider's gateway."),
      limits: limits(),
    },
    "Buying answers: assay ask.",
  );
}

function attester(folder: string) {
  return section(
    {
      keystore: path(folder, "The key that signs enrolments. Without it, ASSAY_ATTESTER_PRIVATE_KEY.").optional(),
      verifier: contract("The EnclaveVerifier that it is an attester of.").optional(),
      measurements: z
        .array(word("What some code measures."), "a list of measurements")
        .describe("The code that is vouched for; none where none is named.")
        .default([]),
      tcb: z
        .array(z.enum(TCB_STATUSES, `one of ${TCB_STATUSES.join(", ")}`), "a list of TCB statuses")
        .describe("How up to date platforms of Intel's have to be.")
        .default(["UpToDate"]),
      allowSimulated: flag(
        "Whether simulated enclaves are accepted, which prove nothing; on a local chain only.",
      ).default(false),
      maxAgeSeconds: whole(10, DAY, "How old the block may be that an enclave's document is over.").default(HOUR),
    },
    "Vouching for enclaves: assay attest.",
  );
}

/** The client's own limits, where the config says nothing else. */
function limits() {
  const preset = defaultLimits(TOKEN_DECIMALS);
  return section(
    {
      price: dollars("The most that one request may cost.").optional(),
      total: dollars("The most that all requests of one process may cost.").optional(),
      daily: dollars("The most that the requests of any 24 hours may cost.").optional(),
      penalty: dollars("The least that a broken promise has to cost the provider.").optional(),
      timeout: whole(1, DAY, "The most seconds for which a request may bind money.").default(preset.timeout),
      topUp: section(
        {
          amount: dollars("What one top-up moves onto the tab; nothing for never.").optional(),
          below: dollars("What the tab holds at least before it is topped up.").optional(),
          total: dollars("The most for all top-ups of one process.").optional(),
        },
        "How a tab that runs low is filled.",
      ).prefault({}),
    },
    "What the client signs without asking.",
  )
    .prefault({})
    .transform(({ price, total, topUp, timeout, daily, penalty }): Limits => ({
      price: price ?? preset.price,
      total: total ?? preset.total,
      timeout,
      topUp: {
        amount: topUp.amount ?? preset.topUp.amount,
        below: topUp.below ?? preset.topUp.below,
        total: topUp.total ?? preset.topUp.total,
      },
      ...(daily !== undefined && { daily }),
      ...(penalty !== undefined && { penalty }),
    }));
}
