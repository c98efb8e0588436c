/** The gateway's routes: each reads, asks one of the parts, and writes. */
import { Hono, type Context } from "hono";
import { cors } from "hono/cors";
import { routePath } from "hono/route";
import { isAddress, isHash, type Hex } from "viem";

import { ROUTES } from "../enclave/question.ts";
import { inclusionOf } from "../store/commitments.ts";
import { readPosition, readTab } from "../store/chain-state.ts";
import { findEvidence } from "../store/evidence.ts";
import type { Store } from "../store/store.ts";
import { listEnclaves } from "./attested/listing.ts";
import { attestedRoute, type AttestedOptions } from "./attested/route.ts";
import type { LeaseOrder, Feed } from "./feed.ts";
import { inferRoute, type InferOptions } from "./infer.ts";
import { addressOf, limitConcurrency, limitRate, readJson, takeBody } from "./limits.ts";
import { streamEvents } from "./event-stream.ts";
import { errorDetails, type Log } from "./log.ts";
import { modelsOf, providerOf } from "./price-list.ts";
import { openApi } from "./openapi.ts";
import { Problem } from "./problem.ts";
import { leaseRequestSchema } from "./schemas.ts";
import type { GatewaySettings } from "./settings.ts";
import { statusesOf, type RequestStatus, type StatusWatcher } from "./status.ts";

/** Bodies that hold no input are small. */
const SMALL_BODY = 16_384;
const MOST_STREAMS = 200;

export type AppOptions = InferOptions &
  AttestedOptions & {
    readonly settings: GatewaySettings;
    readonly store: Store;
    readonly feed: Feed;
    readonly watcher: StatusWatcher;
    readonly log: Log;
  };

export function gatewayApp(options: AppOptions): Hono {
  const { settings, store, shop, enclaves, time, feed, metrics, log, watcher, publicUrl } = options;
  const app = new Hono();

  // Clients in browsers, of any site: what they send is signed, and there are no cookies to misuse.
  app.use(
    "/v1/*",
    cors({
      origin: "*",
      // Clients of the OpenAI API send keys of their own accord; nobody reads them here.
      allowHeaders: ["content-type", "authorization", "payment-signature", "assay-salt", "assay-payer"],
      exposeHeaders: ["payment-required", "payment-response", "retry-after", "assay-simulated"],
      maxAge: 600,
    }),
  );
  app.use("/v1/*", limitRate(settings.limits));
  const [answering, leasing] = [limitConcurrency(settings.limits), limitConcurrency(settings.limits)];

  app.get("/v1/provider", (context) => context.json(providerOf(options)));
  app.get("/v1/models", (context) => context.json(modelsOf(shop)));
  app.get("/v1/tabs/:payer", async (context) => {
    const payer = context.req.param("payer");
    if (!isAddress(payer)) throw new Problem("malformed-body", `Tabs have addresses, not ${payer.slice(0, 60)}.`);
    const { funds, stake, promised, exitAt, nextNonce } = await readTab(store.database, payer);
    const available = funds > promised ? funds - promised : 0n;
    const amounts = { funds, stake, promised, available, nextNonce };
    const texts = Object.entries(amounts).map(([name, amount]) => [name, amount.toString()]);
    return context.json({ payer, exitAt, ...Object.fromEntries(texts) });
  });
  app.post("/v1/models/:model/infer", takeBody(settings.limits.bodyBytes), answering, inferRoute(options));
  for (const kind of ["chat", "embeddings"] as const) {
    app.post(ROUTES[kind], takeBody(settings.limits.bodyBytes), answering, attestedRoute(kind, options));
  }
  app.get("/v1/enclaves", (context) => context.json(listEnclaves(enclaves)));
  app.get("/v1/enclaves/:model", (context) => context.json(enclaves.find(context.req.param("model")).evidence()));
  app.get("/v1/attestations/:hash", async (context) => {
    const hash = context.req.param("hash").toLowerCase();
    const evidence = isHash(hash) ? await findEvidence(store.database, hash) : undefined;
    if (evidence === undefined) {
      throw new Problem("unknown-attestation", `No enclave showed the document ${hash.slice(0, 80)} here.`);
    }
    return context.json(evidence);
  });
  app.get("/v1/requests/:id", async (context) => context.json(await findStatus(options, context.req.param("id"))));
  app.get("/v1/requests/:id/inclusion", async (context) => {
    const { id } = await findStatus(options, context.req.param("id"));
    const inclusion = await inclusionOf(store.database, id);
    if (inclusion === undefined) {
      throw new Problem("not-committed", "The next commitment will have it. Ask again later.");
    }
    return context.json({ ...inclusion, transaction: inclusion.transaction ?? null });
  });
  app.get("/v1/requests/:id/events", async (context) => {
    const { id } = await findStatus(options, context.req.param("id"));
    if (watcher.count() >= MOST_STREAMS) {
      throw new Problem("overloaded", "Too many follow events already. Ask for the status.");
    }
    return streamEvents(context, id, watcher);
  });

  app.post("/v1/jobs/lease", takeBody(SMALL_BODY), leasing, async (context) => {
    const order = readJson(context.get("body"), leaseRequestSchema, "The body does not fit");
    return context.json({ jobs: await feed.lease(order as LeaseOrder, addressOf(context)) });
  });
  app.post("/v1/jobs/:lease/keep", leasing, async (context) => {
    await feed.keep(context.req.param("lease"));
    return context.body(null, 204);
  });
  app.post("/v1/jobs/:lease/give-back", leasing, async (context) => {
    await feed.giveBack(context.req.param("lease"));
    return context.body(null, 204);
  });

  app.get("/healthz", async (context) => {
    const { head, final } = await readPosition(store.database);
    time.check();
    return context.json({ status: "ok", head: head?.number ?? 0, final: final?.number ?? 0 });
  });
  app.get("/metrics", async (context) => {
    return context.body(await metrics.text(), 200, { "content-type": metrics.contentType });
  });
  app.get("/openapi.json", (context) => context.json(openApi(publicUrl())));

  app.notFound((context) =>
    problemResponse(context, new Problem("not-found", "See /openapi.json for what there is."), options),
  );
  app.onError((error, context) => {
    if (error instanceof Problem) return problemResponse(context, error, options);
    const isStore = isStoreError(error);
    log("error", isStore ? "store-failed" : "fault", { route: routePath(context), ...errorDetails(error) });
    const detail = "Nothing was charged that was not answered: the same request can be sent again.";
    return problemResponse(context, new Problem(isStore ? "store-down" : "fault", detail), options);
  });
  return app;
}

const STORE_ERRORS = new Set(["ServerUnreachableError", "StoppedDatabaseError"]);

/** PostgreSQL's own errors have codes of five characters. */
function isStoreError(error: Error): boolean {
  const hasCode = "code" in error && /^[0-9A-Z]{5}$/.test(String(error.code));
  return hasCode || STORE_ERRORS.has(error.name) || /^(connection|timeout)/i.test(error.message);
}

function problemResponse(context: Context, problem: Problem, { metrics }: AppOptions): Response {
  metrics.refusals.inc({ code: problem.code });
  if ([429, 503].includes(problem.status)) context.header("retry-after", "1");
  context.header("content-type", "application/problem+json");
  return context.body(JSON.stringify(problem.toJson()), problem.status);
}

async function findStatus({ store }: AppOptions, id: string): Promise<RequestStatus> {
  if (!isHash(id)) throw new Problem("unknown-request", `Requests have ids of 32 bytes, not ${id.slice(0, 80)}.`);
  const [status] = await statusesOf(store.database, [id.toLowerCase() as Hex]);
  if (status === undefined) throw new Problem("unknown-request", `This gateway knows of no request ${id}.`);
  return status;
}
