/** What the commands of `assay tab` are given. */
import { parseArgs } from "node:util";

import { amountOption } from "../config/dollars.ts";
import { addressOption } from "../options.ts";
import { UsageError } from "../usage.ts";
import { PLACE_OPTIONS } from "./place.ts";
import { roleOption } from "./role.ts";
import { TRANSACT_OPTIONS } from "./transact.ts";

const OPTIONS = {
  ...PLACE_OPTIONS,
  ...TRANSACT_OPTIONS,
  payer: { type: "string" },
  provider: { type: "string" },
  amount: { type: "string" },
  to: { type: "string" },
  as: { type: "string" },
} as const;

type Option = "payer" | "provider" | "amount" | "to" | "as";

export type TabValues = ReturnType<typeof parseTab>;

/** Reads the options of a command, which takes only some of them. */
export function parseTab(args: readonly string[], known: readonly Option[]) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  for (const option of ["payer", "provider", "amount", "to", "as"] as const) {
    if (values[option] !== undefined && !known.includes(option)) {
      throw new UsageError(`--${option} is for another command of tab.`);
    }
  }
  return {
    ...values,
    payer: addressOption("--payer", values.payer),
    provider: addressOption("--provider", values.provider),
    to: addressOption("--to", values.to),
    as: roleOption(values.as),
    amount: values.amount === undefined ? undefined : amountOption("--amount", values.amount),
  };
}
