/** Where upstreams are, and who may see the key that they know the enclave by. */
import type { ServingPolicy } from "../enclave/statement.ts";

/** Refuses upstreams that cannot be asked, and a key that more than one of them would see. */
export function checkUpstreams({ models }: ServingPolicy, apiKey: string | undefined): void {
  const urls = models.map(({ upstream }) => new URL(upstream.url));
  for (const { protocol, origin, username, password, search, hash } of urls) {
    const isPlain = username === "" && password === "" && search === "" && hash === "";
    if (!isPlain || (protocol !== "http:" && protocol !== "https:")) throw new BadUpstreamError(origin);
  }
  if (apiKey === undefined) return;
  // It becomes a header: what else there was in it would be headers, too.
  if (!/^[\u0021-\u007E]{1,500}$/.test(apiKey)) throw new BadApiKeyError();
  const origins = [...new Set(urls.map(({ origin }) => origin))];
  if (origins.length > 1) throw new SharedApiKeyError(origins);
}

/** An upstream's address is none that a question can be posted to. */
export class BadUpstreamError extends Error {
  override readonly name = "BadUpstreamError";

  constructor(origin: string) {
    super(
      `An upstream at ${origin} cannot be asked: its address must be http or https, without a name, a password, a ` +
        "query or a fragment.",
    );
  }
}

/** A key that no header can have. */
export class BadApiKeyError extends Error {
  override readonly name = "BadApiKeyError";

  constructor() {
    super("The upstream's API key must be 1 to 500 visible characters of ASCII. Check how the variable is set.");
  }
}

/** One upstream would see another's key. */
export class SharedApiKeyError extends Error {
  override readonly name = "SharedApiKeyError";

  constructor(origins: readonly string[]) {
    super(`One API key would go to ${origins.join(" and ")}. Run one enclave for each upstream, or take the key away.`);
  }
}
