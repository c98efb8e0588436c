/** `assay fund`: puts an agent's money on its tab with a provider. */
import { parseArgs } from "node:util";

import type { Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { amountOption, dollarsText } from "./config/dollars.ts";
import { addressOption } from "./options.ts";
import { fundingCall, readFunding, signFunding, writeFunding, type Funding } from "./tab/authorized-funding.ts";
import { checkWallet, findPlace, PLACE_OPTIONS, readTab, type Place } from "./tab/place.ts";
import { keyOf, roleOption } from "./tab/role.ts";
import { carryOut, sentJson, sentLine, TRANSACT_OPTIONS, type Terms } from "./tab/transact.ts";
import { FUND_USAGE } from "./tab/usage.ts";
import { print, required, UsageError, wholeNumber } from "./usage.ts";

const OPTIONS = {
  ...PLACE_OPTIONS,
  ...TRANSACT_OPTIONS,
  provider: { type: "string" },
  amount: { type: "string" },
  gasless: { type: "string" },
  submit: { type: "string" },
  as: { type: "string" },
  "valid-for": { type: "string", default: "3600" },
  help: { type: "boolean", default: false },
} as const;

type Output = Terms & { readonly json: boolean };

/**
 * Runs `assay fund` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function fundCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) {
    print(FUND_USAGE);
    return;
  }
  if (values.submit !== undefined) {
    const { provider, amount, gasless } = values;
    if ([provider, amount, gasless].some((each) => each !== undefined)) {
      throw new UsageError("--submit takes all of it from the file, without --provider, --amount and --gasless.");
    }
    const role = roleOption(values.as) ?? "agent";
    const place = await findPlace(values, process.env);
    const privateKey = await keyOf(role, values.keystore, place.config);
    await submit(place, await readFunding(values.submit, place), privateKey, values);
    return;
  }
  const provider = required("--provider", addressOption("--provider", values.provider));
  const amount = amountOption("--amount", required("--amount", values.amount));
  const validFor = wholeNumber("--valid-for", values["valid-for"]);
  if (values.as !== undefined) throw new UsageError("--as goes with --submit: a tab is funded by its agent.");
  const place = await findPlace(values, process.env);
  const privateKey = await keyOf("agent", values.keystore, place.config);
  await checkWallet(place, privateKeyToAddress(privateKey), amount);
  const funding = await signFunding(place, privateKey, { provider, amount, validFor });
  if (values.gasless === undefined) await submit(place, funding, privateKey, values);
  else await keep(values.gasless, funding, values);
}

async function submit(place: Place, funding: Funding, privateKey: Hex, output: Output): Promise<void> {
  const { payer, provider, amount } = funding;
  const question = `Put ${dollarsText(amount)} of ${payer} on its tab with ${provider}, on chain ${place.chainId}?`;
  const sent = await carryOut(place, { privateKey, calls: [fundingCall(funding)], question }, output);
  const { funds } = await readTab(place, payer, provider);
  const json = { payer, provider, amount: amount.toString(), funds: funds.toString(), ...sentJson(sent) };
  const text = [
    `Put ${dollarsText(amount)} of ${payer} on its tab with ${provider}.`,
    `The tab holds ${dollarsText(funds)}.`,
    sentLine(sent),
  ];
  print(output.json ? JSON.stringify(json) : text.join("\n"));
}

async function keep(file: string, funding: Funding, { json }: Output): Promise<void> {
  await writeFunding(file, funding);
  const { payer, provider, amount, validBefore } = funding;
  const until = new Date(Number(validBefore) * 1_000).toISOString();
  const text = [
    `Wrote ${file}: whoever has it can put ${dollarsText(amount)} of ${payer} on its tab with ${provider}, once, until`,
    `${until}, with "assay fund --submit ${file}".`,
  ];
  const found = { file, payer, provider, amount: amount.toString(), validBefore: Number(validBefore) };
  print(json ? JSON.stringify(found) : text.join("\n"));
}
