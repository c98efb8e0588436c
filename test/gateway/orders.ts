/** What agents send to a gateway, honest or not. */
import { bytesToHex, numberToHex, zeroAddress, type Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import * as Request from "../../src/protocol/request.ts";
import { PROBLEMS, type ProblemCode } from "../../src/gateway/problem.ts";
import { paymentToWire } from "../../src/x402/payment.ts";
import { networkOf, type TopUp, type WireAnswer } from "../../src/x402/scheme.ts";
import { PRICE, type World } from "./world.ts";

export const FLOWER = { "sepal length": "5.1", "sepal width": "3.5", "petal length": "1.4", "petal width": "0.2" };
export const OTHER_FLOWER = { ...FLOWER, "petal length": "4.7" };

export type Json = Record<string, unknown>;

/** A request for one answer, ready to be sent: its parts can still be changed. */
export type Order = {
  readonly id: Hex;
  readonly body: Json;
  readonly payment: { x402Version: number; accepted: Json; payload: Json };
};

export type OrderChanges = {
  /** Of the request, before it is signed. */
  readonly request?: Partial<Request.Request>;
  /** Where it is signed for. */
  readonly deployment?: Partial<Deployment>;
  readonly signer?: HDAccount;
  readonly topUp?: TopUp;
  readonly nonce?: bigint;
};

/** Large enough to be found where they should not be. */
let salts = 0x5a17n << 230n;

/** A request that the payer's tab pays. */
export async function order(world: World, payer: HDAccount, changes: OrderChanges = {}): Promise<Order> {
  const { market, model, provider } = world;
  const salt = salts++;
  const { input } = model.answer(FLOWER, salt);
  const request: Request.Request = {
    payer: payer.address,
    provider: provider.address,
    verifier: market.verifier.address,
    consumer: zeroAddress,
    model: model.id,
    input,
    price: PRICE,
    proverFee: DOLLAR / 100n,
    penalty: DOLLAR,
    deadline: (await world.now()) + 3600,
    locked: false,
    nonce: changes.nonce ?? 0n,
    ...changes.request,
  };
  const deployment = { ...market.deployment, ...changes.deployment };
  const signature = await Request.sign(request, deployment, changes.signer ?? payer);
  const { topUp } = changes;
  const accepted = {
    scheme: "assay",
    network: networkOf(market.deployment.chainId),
    asset: market.token.address,
    amount: PRICE.toString(),
    payTo: provider.address,
    maxTimeoutSeconds: 3600,
    extra: {},
  };
  return {
    id: Request.idOf(request, market.deployment),
    body: { input: FLOWER, salt: numberToHex(salt, { size: 32 }) },
    payment: {
      x402Version: 2,
      accepted,
      payload: paymentToWire({ request, signature, ...(topUp === undefined ? {} : { topUp }) }),
    },
  };
}

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
};

export async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Reply> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export function headerOf(payment: unknown): string {
  return Buffer.from(JSON.stringify(payment)).toString("base64");
}

/** Sends an order, which may be paid for or not. */
export async function send(
  world: World,
  { body, payment }: Pick<Order, "body"> & { payment?: unknown },
): Promise<Reply> {
  const headers = payment === undefined ? undefined : { "payment-signature": headerOf(payment) };
  return post(world.infer, JSON.stringify(body), headers);
}

export function answerIn({ status, text }: Reply): WireAnswer {
  if (status !== 200) throw new NotAnsweredError(status, text);
  return JSON.parse(text) as WireAnswer;
}

/** The code of a problem, after a look at whether all of it is as it should be. */
export function codeIn({ status, headers, text }: Reply): ProblemCode {
  const problem = JSON.parse(text) as {
    code: ProblemCode;
    status: number;
    detail: string;
    title: string;
    type: string;
  };
  const [expected, title] = PROBLEMS[problem.code];
  const isWhole = problem.status === status && problem.title === title && problem.detail !== "";
  const isProblem = headers.get("content-type")?.startsWith("application/problem+json") === true;
  if (status !== expected || !isWhole || !isProblem) throw new NotAProblemError(status, text);
  return problem.code;
}

/** Bytes that look like a signature of the same length, by nobody. */
export function tampered(signature: string): Hex {
  const bytes = Buffer.from(signature.slice(2), "hex");
  bytes[31] = (bytes[31] ?? 0) ^ 1;
  return bytesToHex(bytes);
}

/** A gateway refused what should have been answered. */
class NotAnsweredError extends Error {
  override readonly name = "NotAnsweredError";

  constructor(status: number, text: string) {
    super(`There is no answer, but ${status}: ${text.slice(0, 500)}`);
  }
}

/** A refusal is not in the form that all refusals have. */
class NotAProblemError extends Error {
  override readonly name = "NotAProblemError";

  constructor(status: number, text: string) {
    super(`This is no problem+json with a status of its code, but ${status}: ${text.slice(0, 500)}`);
  }
}
