/** How an agent refuses before anything was sent, and what a gateway says to make it. */
import { expect } from "chai";

import type { ConnectOptions } from "../../src/client/connect.ts";
import type { TrustedEnclaves } from "../../src/client/trust.ts";
import { errorOf } from "../helpers/errors.ts";
import { forgerIn, type Forgery } from "./attested-forger.ts";
import { QUESTION, SECRET, type AttestedWorld, type Json, type Lies } from "./attested-world.ts";

export type Refusal = { readonly name: string; readonly because?: string };

/** Of the listing of each model. */
export const listed =
  (change: (said: Json & { manifest: Json }) => Json): Lies["enclaves"] =>
  (said) => ({ models: (said["models"] as (Json & { manifest: Json })[]).map(change) });

export const trusting = (enclaves: TrustedEnclaves): Partial<ConnectOptions> => ({ trust: { enclaves } });

export const because = (reason: string): Refusal => ({ name: "UntrustedEnclaveError", because: reason });

export function refusalsIn(world: AttestedWorld) {
  const forger = forgerIn(world);

  /** All ways of asking end in this, before anything was sent. */
  async function refused(
    lies: Lies,
    refusal: Refusal,
    options: Partial<ConnectOptions> = {},
    model: string = world.attested.chat,
  ): Promise<Error> {
    const proxy = await world.proxy(lies);
    const connection = await world.connect(options, proxy.url);
    const upstream = world.attested.upstream.asked.length;
    const error = (await errorOf(connection.chat(model, QUESTION))) as Error;
    const described = `${error.name}: ${error.message}`;
    expect(error, described).to.have.property("name", refusal.name);
    if (refusal.because !== undefined) expect(error, described).to.have.property("because", refusal.because);
    // A second time it is looked at again, and a stream is no way around it.
    const streamed = await errorOf(connection.chatStream(model, QUESTION));
    expect(streamed).to.have.property("name", refusal.name);
    expect(proxy.posts).to.deep.equal([]);
    expect(proxy.hasSeen(SECRET)).to.equal(false);
    expect(world.attested.upstream.asked.length).to.equal(upstream);
    return error;
  }
  const forged = async (forgery: Forgery): Promise<Lies> => {
    const evidence = await forger.evidence(forgery);
    return { evidence: () => evidence };
  };

  return { refused, forged, forger };
}
