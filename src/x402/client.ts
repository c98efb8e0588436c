/** The `assay` scheme for stock x402 clients: it signs requests, and refuses to sign what its owner would not. */
import type {
  FindDefaultAsset,
  PaymentPayloadResult,
  PaymentRequirements,
  SchemeClientHooks,
  SchemeNetworkClient,
} from "@x402/core/types";
import { isAddressEqual, isHex, type Hex } from "viem";
import { z } from "zod";

import type { Signer } from "../protocol/signature.ts";
import { uint256Schema } from "../protocol/wire.ts";
import { fetchJson, type Fetch } from "./fetch-json.ts";
import { defaultLimits, spendingOf, type Limits } from "./limits.ts";
import { paymentToWire, signPayment } from "./payment.ts";
import { ASSAY, networkOf, X402_VERSION, type TopUp } from "./scheme.ts";
import { slotsOf, type Slot, type Slots } from "./slots.ts";
import { checkTerms, termsOf, type Terms, type Trust } from "./terms.ts";

export type AssaySchemeOptions = {
  readonly account: Signer;
  readonly chainId: number;
  /** Any that are not named are the default ones. */
  readonly limits?: Partial<Limits>;
  readonly trust: Trust & {
    /** The server that is paid: its word is taken for where the account's nonces stand. */
    readonly gateway: string;
  };
  /** The same for several schemes, where they share an account and a provider. */
  readonly slots?: Slots;
  /** Signs for money onto the tab, where it is time for that. */
  readonly topUps?: (terms: Terms) => Promise<TopUp | undefined>;
  /** Now by the chain's clock, in Unix seconds. */
  readonly now?: () => number;
  readonly fetch?: Fetch;
};

/** Of tokens that have the decimals of USDC. */
const DECIMALS = 6;

/**
 * Pays for inferences whose inputs were announced by `expect`.
 *
 * One scheme deals with one provider: nonces are counted for each.
 */
export class AssayScheme implements SchemeNetworkClient {
  readonly scheme = ASSAY;
  readonly findDefaultAsset: FindDefaultAsset;
  readonly schemeHooks: SchemeClientHooks;
  readonly #options: AssaySchemeOptions;
  readonly #limits: Limits;
  readonly #slots: Slots;
  readonly #expected = new Set<Hex>();
  readonly #open = new Map<string, Slot>();

  constructor(options: AssaySchemeOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits(DECIMALS), ...options.limits };
    const { token } = options.trust;
    const network = networkOf(options.chainId);
    const asset = { asset: token.address, decimals: DECIMALS, symbol: "USDC" };
    // Else a stock client refuses to pay in a token that it does not know; this scheme has limits of its own.
    this.findDefaultAsset = (given, where) => (given === token.address && where === network ? asset : undefined);
    this.#slots = options.slots ?? slotsOf(spendingOf(this.#limits), () => this.#nextNonce());
    this.schemeHooks = {
      onPaymentResponse: async ({ paymentPayload, settleResponse, paymentRequired }) => {
        const slot = this.#slotOf(paymentPayload.payload);
        if (slot === undefined || settleResponse?.success === true) return;
        // Without a reason it may be the nonce that was wrong: the next one is asked for.
        if (paymentRequired?.error === undefined || NONCE_CODE.test(paymentRequired.error)) slot.spoil();
        else slot.giveBack();
      },
    };
  }

  /** Announces the commitment to an input that is about to be sent. Others are not paid for, and each is paid for once. */
  expect(input: Hex): void {
    if (!isHex(input) || input.length !== 66) throw new UnexpectedInputError(input);
    this.#expected.add(input.toLowerCase() as Hex);
  }

  async createPaymentPayload(x402Version: number, requirements: PaymentRequirements): Promise<PaymentPayloadResult> {
    if (x402Version !== X402_VERSION) throw new OtherX402Error(x402Version);
    const { account, chainId, trust, topUps, now = localTime } = this.#options;
    const terms = termsOf(requirements);
    checkTerms(terms, chainId, trust, this.#limits);
    if (!this.#expected.delete(terms.input)) throw new UnexpectedInputError(terms.input);
    try {
      const slot = await this.#slots.take(terms.price);
      const topUp = await topUps?.(terms);
      const deadline = now() + terms.timeout;
      const particulars = { nonce: slot.nonce, deadline, ...(topUp === undefined ? {} : { topUp }) };
      const payload = paymentToWire(await signPayment(terms, particulars, account));
      this.#keep(payload.signature, slot);
      return { x402Version, payload };
    } catch (error) {
      this.expect(terms.input);
      throw error;
    }
  }

  /** Not all stock clients say what became of a payment. */
  #keep(signature: string, slot: Slot): void {
    const [oldest] = this.#open.keys();
    if (this.#open.size >= MOST_OPEN && oldest !== undefined) this.#open.delete(oldest);
    this.#open.set(signature, slot);
  }

  #slotOf({ signature }: Record<string, unknown>): Slot | undefined {
    if (typeof signature !== "string") return undefined;
    const slot = this.#open.get(signature);
    this.#open.delete(signature);
    return slot;
  }

  async #nextNonce(): Promise<bigint> {
    const { account, trust, fetch = globalThis.fetch } = this.#options;
    const url = new URL(`v1/tabs/${account.address}`, slashed(trust.gateway)).href;
    const { body } = await fetchJson(url, {}, { fetch, timeout: TAB_TIMEOUT, limit: TAB_BYTES });
    const { success, data } = tabSchema.safeParse(body);
    if (!success || !isAddressEqual(data.payer, account.address)) throw new NoNonceError(url);
    return data.nextNonce;
  }
}

/** Spent, or too far ahead: the server counts otherwise. */
const NONCE_CODE = /^nonce-/;
const MOST_OPEN = 1_024;

const TAB_TIMEOUT = 10_000;
const TAB_BYTES = 16_384;

const tabSchema = z.looseObject({ payer: z.templateLiteral(["0x", z.string()]), nextNonce: uint256Schema });

function slashed(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}

function localTime(): number {
  return Math.floor(Date.now() / 1000);
}

/** A server wants to be paid for another input than it was sent. */
export class UnexpectedInputError extends Error {
  override readonly name = "UnexpectedInputError";
  readonly input: string;

  constructor(input: string) {
    super(
      `Payment is asked for the input ${input}, which was not announced, or was paid for already. Nothing was signed. ` +
        "Call expect() with the commitment to each input, 32 bytes of hex, before it is sent.",
    );
    this.input = input;
  }
}

/** A server does not say where an account's nonces stand. */
export class NoNonceError extends Error {
  override readonly name = "NoNonceError";

  constructor(url: string) {
    super(`${new URL(url).origin} does not say which nonce is next for this account. It is no gateway.`);
  }
}

/** A server speaks another version of x402. */
export class OtherX402Error extends Error {
  override readonly name = "OtherX402Error";

  constructor(version: number) {
    super(`The assay scheme is for version ${X402_VERSION} of x402, got ${version}. Nothing was signed.`);
  }
}
