/** Invents loan applications. No person, bank or rule of a bank stands behind them. */
import type { Random } from "../training/random.ts";

export const DECISIONS = ["decline", "approve"] as const;

/** In the order of the fields of `model.json`, but not on their steps yet. */
export type Application = { readonly inputs: readonly number[]; readonly isApproved: boolean };

export function inventApplication(random: Random): Application {
  // Two hidden traits tie the fields together: how much somebody earns, and how careful they are with it.
  const [means, care] = [random.normal(), random.normal()];
  const income = 2600 * Math.exp(0.45 * means);
  const term = random.pick([6, 12, 18, 24, 36, 48, 60]);
  const amount = income * term * (0.03 + 0.22 * random.unit());
  const instalment = (100 * amount) / term / income;
  const debtRatio = 30 - 7 * care + 9 * random.normal() + instalment;
  const utilisation = 45 - 20 * care + 18 * random.normal();
  const history = Math.max(0, 9 + 2 * care + 6 * random.normal());
  const employed = Math.max(0, 5 + 1.5 * means + 4 * random.normal());
  const late = Math.max(0, Math.floor(0.4 - 1.2 * care + 1.4 * random.normal()));
  const enquiries = Math.max(0, Math.floor(1.5 - 0.6 * care + 1.6 * random.normal()));
  const savings = Math.max(0, income * (1.8 + 1.4 * care + 1.5 * random.normal()));
  const risk =
    0.11 * (debtRatio - 47) +
    0.03 * (utilisation - 50) +
    (history < 4 ? 1.3 : 0.7) * late +
    (history < 1 ? 0.8 : 0) +
    0.35 * Math.max(0, enquiries - 2) -
    0.05 * Math.min(employed, 12) -
    (savings > amount / 2 ? 1 : 0);
  return {
    inputs: [income, amount, term, debtRatio, utilisation, history, employed, late, enquiries, savings],
    isApproved: risk + 0.35 * random.normal() < 0,
  };
}
