/** Money for a tab, moved by its payer's signature: whoever submits it, it can go nowhere else. */
import { readFile, writeFile } from "node:fs/promises";

import { encodeFunctionData } from "viem";
import type { Address, Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";

import type { Call } from "../../chain/gas.ts";
import { readToken } from "../../chain/token.ts";
import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { fundingNonce, randomNonce, receiveTypedDataOf } from "../../protocol/authorization.ts";
import { recover, sign, toCompactHex } from "../../protocol/signature.ts";
import { domainOf } from "../../protocol/tokens.ts";
import { addressSchema } from "../../protocol/wire.ts";
import { topUpSchema } from "../../x402/scheme.ts";
import { dollarsText } from "../config/dollars.ts";
import type { Place } from "./place.ts";

/** A file with everything that it takes to submit it. */
const fundingSchema = z.strictObject({
  chainId: z.int().positive(),
  escrow: addressSchema,
  token: addressSchema,
  payer: addressSchema,
  provider: addressSchema,
  ...topUpSchema.shape,
});

export type Funding = z.output<typeof fundingSchema>;

export type Wish = {
  readonly provider: Address;
  readonly amount: bigint;
  /** Seconds from now within which it has to be submitted. */
  readonly validFor: number;
};

/** Signs for an amount to move onto a tab, once. */
export async function signFunding(place: Place, privateKey: Hex, wish: Wish): Promise<Funding> {
  const { client, chainId, escrow } = place;
  const account = privateKeyToAccount(privateKey);
  const { timestamp } = await client.getBlock();
  const terms = { ...wish, validAfter: 0n, validBefore: timestamp + BigInt(wish.validFor), salt: randomNonce() };
  const { provider, amount, validAfter, validBefore, salt } = terms;
  const unsigned = {
    chainId,
    escrow,
    token: place.token,
    payer: account.address,
    provider,
    amount,
    validAfter,
    validBefore,
    salt,
  };
  return { ...unsigned, signature: await sign(await typedDataOf(place, unsigned), account) };
}

/** The transaction that submits it, whoever sends that. */
export function fundingCall({ escrow, payer, provider, amount, ...rest }: Funding): Call {
  const { validAfter, validBefore, salt, signature } = rest;
  return {
    to: escrow,
    data: encodeFunctionData({
      abi: escrowAbi,
      functionName: "fundWithAuthorization",
      args: [payer, provider, amount, validAfter, validBefore, salt, signature],
    }),
    what: `fund ${payer}'s tab with ${dollarsText(amount)}`,
  };
}

/** Writes it to a file that is not there yet. */
export async function writeFunding(file: string, funding: Funding): Promise<void> {
  const { amount, validAfter, validBefore, signature, ...rest } = funding;
  const wire: z.input<typeof fundingSchema> = {
    ...rest,
    amount: amount.toString(),
    validAfter: validAfter.toString(),
    validBefore: validBefore.toString(),
    signature: toCompactHex(signature),
  };
  await writeFile(file, `${JSON.stringify(wire, null, 2)}\n`, { flag: "wx" }).catch((cause: unknown) => {
    throw (cause as NodeJS.ErrnoException).code === "EEXIST" ? new FundingExistsError(file, { cause }) : cause;
  });
}

/** Reads what somebody else signed, and makes sure that it is for this escrow, and whole. */
export async function readFunding(file: string, place: Place): Promise<Funding> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new BadFundingError(file, "it cannot be read as JSON", { cause });
  }
  const read = fundingSchema.safeParse(json);
  if (!read.success) {
    const found = read.error.issues.map(({ path, message }) => `${["it", ...path].join(".")}: ${message}`);
    throw new BadFundingError(file, found.join("; "));
  }
  const funding = read.data;
  for (const [what, given, here] of [
    ["chain", funding.chainId, place.chainId],
    ["escrow", funding.escrow, place.escrow],
    ["token", funding.token, place.token],
  ]) {
    if (given !== here) throw new BadFundingError(file, `it is for the ${what} ${given}, not ${here}`);
  }
  const signer = await recover(await typedDataOf(place, funding), funding.signature);
  if (signer !== funding.payer) throw new BadFundingError(file, `it is not signed by the payer ${funding.payer}`);
  const { timestamp } = await place.client.getBlock();
  if (funding.validBefore <= timestamp) throw new BadFundingError(file, "it is no longer valid");
  return funding;
}

async function typedDataOf(
  place: Place,
  { escrow, payer, provider, amount, salt, ...times }: Omit<Funding, "signature">,
) {
  const { validAfter, validBefore } = times;
  const nonce = fundingNonce(provider, salt);
  const authorization = { from: payer, to: escrow, value: amount, validAfter, validBefore, nonce };
  return receiveTypedDataOf(authorization, domainOf(await readToken(place.client, place.token)));
}

/** A file is there already. */
export class FundingExistsError extends Error {
  override readonly name = "FundingExistsError";

  constructor(file: string, options?: ErrorOptions) {
    super(`${file} is there already, and is not overwritten. Name another.`, options);
  }
}

/** A file has no authorization that could be submitted here. */
export class BadFundingError extends Error {
  override readonly name = "BadFundingError";

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} cannot be submitted: ${reason}. Ask the payer for another.`, options);
  }
}
