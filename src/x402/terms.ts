/** What a server asks to be paid for and by, and whether that is what the caller trusts and allows. */
import { isAddressEqual, type Address, type Hex } from "viem";
import { z } from "zod";

import { describe } from "../protocol/describe.ts";
import type { Request } from "../protocol/request.ts";
import { addressSchema, tokenAmountSchema } from "../protocol/wire.ts";
import { OverLimitError, type Limits } from "./limits.ts";
import { ASSAY, assayExtraSchema, networkOf, type Offer, type Requirement } from "./scheme.ts";

/** An offer for one input, with what the payment is made in. */
export type Terms = Offer & {
  readonly chainId: number;
  readonly input: Hex;
  readonly token: TokenTerms;
  /** Where the next nonce of a payer stands: this address with the payer's appended. */
  readonly tabs: string;
};

/** A token, and the name and version of its EIP-712 domain. */
export type TokenTerms = { readonly address: Address; readonly name: string; readonly version: string };

/** Whom and what a caller deals with. */
export type Trust = {
  readonly escrow: Address;
  readonly token: TokenTerms;
  readonly verifiers: readonly Address[];
  /** Any, where none is named: it is paid for proven answers alone. */
  readonly provider?: Address;
  /** Any, where none are named. */
  readonly models?: readonly Hex[];
};

const requirementSchema = z.looseObject({
  scheme: z.literal(ASSAY),
  network: z.string().regex(/^eip155:[1-9]\d{0,15}$/, "must be an EVM chain such as eip155:8453"),
  asset: addressSchema,
  amount: tokenAmountSchema,
  payTo: addressSchema,
  maxTimeoutSeconds: z.int().positive(),
  extra: assayExtraSchema,
});

/** Reads a requirement of the `assay` scheme, whoever wrote it. */
export function termsOf(requirement: unknown): Terms {
  const { success, data, error } = requirementSchema.safeParse(requirement);
  if (!success) throw new MalformedTermsError(z.prettifyError(error));
  const { network, asset, amount, payTo, maxTimeoutSeconds, extra } = data;
  const { name, version, salt: _drawn, ...terms } = extra;
  return {
    ...terms,
    chainId: Number(network.slice("eip155:".length)),
    provider: payTo,
    price: amount,
    timeout: maxTimeoutSeconds,
    token: { address: asset, name, version },
  };
}

/** The requirement that asks for these terms. */
export function requirementOf(terms: Terms): Requirement {
  const { chainId, provider, price, timeout, token, escrow, verifier, model, input, proverFee, penalty, tabs } = terms;
  return {
    scheme: ASSAY,
    network: networkOf(chainId),
    asset: token.address,
    amount: price.toString(),
    payTo: provider,
    maxTimeoutSeconds: timeout,
    extra: {
      escrow,
      verifier,
      model,
      input,
      proverFee: proverFee.toString(),
      penalty: penalty.toString(),
      tabs,
      name: token.name,
      version: token.version,
    },
  };
}

/** Refuses terms that the caller would not sign for. */
export function checkTerms(terms: Terms, chainId: number, trust: Trust, limits: Limits): void {
  const { verifiers, models } = trust;
  expectSame("chain", String(terms.chainId), String(chainId));
  checkParties(terms, trust);
  expectAddress("verifier", terms.verifier, verifiers);
  if (models !== undefined && !models.includes(terms.model)) {
    throw new UntrustedTermsError("model", terms.model, models.join(", "));
  }
  checkPrice(terms, limits);
}

/** Refuses an escrow, a token or a provider that the caller does not trust. */
export function checkParties(
  { escrow, token, provider }: Pick<Terms, "escrow" | "token" | "provider">,
  trust: Pick<Trust, "escrow" | "token" | "provider">,
): void {
  expectAddress("escrow", escrow, [trust.escrow]);
  expectAddress("token", token.address, [trust.token.address]);
  // Under another name or version a signature would fit no token, or some other one.
  expectSame("token's name", token.name, trust.token.name);
  expectSame("token's version", token.version, trust.token.version);
  if (trust.provider !== undefined) expectAddress("provider", provider, [trust.provider]);
}

function checkPrice({ price, proverFee, penalty, timeout }: Terms, limits: Limits): void {
  if (price > limits.price) throw new OverLimitError("price", price, limits.price);
  // An answer that costs less than its fees cannot settle, and so its provider cannot be held to it.
  if (price === 0n || proverFee > price) {
    throw new HollowTermsError(`a prover's fee of ${proverFee} in a price of ${price} can never be paid`);
  }
  if (limits.penalty !== undefined && penalty < limits.penalty) {
    throw new HollowTermsError(
      `the provider would lose ${penalty} if it broke its word, and you want ${limits.penalty}`,
    );
  }
  if (timeout > limits.timeout) {
    throw new HollowTermsError(`the proof may take ${timeout} seconds, and you allow ${limits.timeout}`);
  }
}

/** In what a signed request differs from the terms that it should pay, if in anything. */
export function differenceFrom(terms: Terms, request: Request): string | undefined {
  if (request.locked) return "locked";
  const amounts = ["price", "proverFee", "penalty"] as const;
  const words = ["model", "input"] as const;
  const addresses = ["provider", "verifier"] as const;
  return (
    amounts.find((field) => request[field] !== terms[field]) ??
    words.find((field) => request[field] !== terms[field]) ??
    addresses.find((field) => !isAddressEqual(request[field], terms[field]))
  );
}

function expectAddress(what: string, given: Address, trusted: readonly Address[]): void {
  if (trusted.some((each) => isAddressEqual(each, given))) return;
  throw new UntrustedTermsError(what, given, trusted.join(", "));
}

function expectSame(what: string, given: string, trusted: string): void {
  if (given !== trusted) throw new UntrustedTermsError(what, given, trusted);
}

/** A server asks to be paid in a form that nobody can read. */
export class MalformedTermsError extends Error {
  override readonly name = "MalformedTermsError";

  constructor(complaint: string) {
    super(`The server's terms of payment are malformed:\n${complaint}\nNothing was signed.`);
  }
}

/** A server names somebody or something that the caller does not trust. */
export class UntrustedTermsError extends Error {
  override readonly name = "UntrustedTermsError";
  readonly what: string;
  readonly given: string;

  constructor(what: string, given: string, trusted: string) {
    super(
      `The server names another ${what} than you trust: ${describe(given)} instead of ${trusted === "" ? "none" : trusted}. ` +
        "Nothing was signed.",
    );
    this.what = what;
    this.given = given;
  }
}

/** A server's promise would be worth too little. */
export class HollowTermsError extends Error {
  override readonly name = "HollowTermsError";

  constructor(reason: string) {
    super(`The server's terms are refused: ${reason}. Nothing was signed.`);
  }
}
