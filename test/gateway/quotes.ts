/** What stock clients are quoted and what they sign, made by hand so that any part can be wrong. */
import type { HDAccount } from "viem/accounts";

import { transferTypedDataOf, randomNonce, type Authorization } from "../../src/protocol/authorization.ts";
import * as Signature from "../../src/protocol/signature.ts";
import { domainOf } from "../../src/protocol/tokens.ts";
import { vaultOf } from "../../src/protocol/vault.ts";
import { exactExtraSchema, type Requirement } from "../../src/x402/scheme.ts";
import { idOf, type Request } from "../../src/protocol/request.ts";
import { FLOWER, post, type Json, type Order } from "./orders.ts";
import { PRICE, type World } from "./world.ts";

export type Quoted = {
  readonly id: Order["id"];
  readonly accepted: Requirement;
  readonly request: Request;
  readonly body: Json;
};

/** What a gateway asks of stock clients for an answer. */
export async function quote(world: World, changes: Json = {}): Promise<Quoted> {
  const body = { input: FLOWER, ...changes };
  const { text } = await post(world.infer, JSON.stringify(body));
  const { accepts } = JSON.parse(text) as { accepts: [Requirement, Requirement] };
  const [, accepted] = accepts;
  const { request } = exactExtraSchema.parse(accepted.extra).assay;
  return { accepted, request, body, id: idOf(request, world.market.deployment) };
}

/** What pays a quote, signed. */
export async function authorize(
  world: World,
  { id }: Pick<Quoted, "id">,
  from: HDAccount,
  changes: Partial<Authorization> = {},
  token: Partial<ReturnType<typeof domainOf>> = {},
): Promise<{ authorization: Authorization; signature: Signature.Signature }> {
  const { market } = world;
  const now = await world.now();
  const authorization = {
    from: from.address,
    to: vaultOf(id, market.deployment.escrow),
    value: PRICE,
    validAfter: 0n,
    validBefore: BigInt(now + 300),
    nonce: randomNonce(),
    ...changes,
  };
  const typedData = transferTypedDataOf(authorization, { ...domainOf(market.tokenOf), ...token });
  return { authorization, signature: await Signature.sign(typedData, from) };
}

/** An order that a stock client would send. */
export function paidOrder(
  { id, body, accepted }: Omit<Quoted, "request">,
  { authorization, signature }: Awaited<ReturnType<typeof authorize>>,
): Order {
  const { value, validAfter, validBefore } = authorization;
  const wire = {
    ...authorization,
    value: value.toString(),
    validAfter: validAfter.toString(),
    validBefore: validBefore.toString(),
  };
  const payload = { signature: Signature.toHex(signature), authorization: wire };
  return { id, body, payment: { x402Version: 2, accepted, payload } };
}

/** A quote, paid as it should be. */
export async function payQuote(world: World, quoted: Quoted, from: HDAccount): Promise<Order> {
  return paidOrder(quoted, await authorize(world, quoted, from));
}
