/** What a provider watches, in Prometheus' text form. Labels hold models and outcomes, never people. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export type Stage = "check" | "reserve" | "compute" | "journal" | "sign";

export type Metrics = ReturnType<typeof openMetrics>;

/** Figures that are read when they are asked for. */
export type Readings = {
  readonly waiting: number;
  readonly active: number;
  readonly promised: bigint;
  readonly staked: bigint;
  readonly funds: bigint;
  readonly headBlock: number;
  readonly lagSeconds: number;
};

const UNITS_PER_DOLLAR = 1e6;

export function openMetrics(read: () => Promise<Readings>) {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `assay_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `assay_${name}`, help, registers });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name: `assay_${name}`, help, buckets, labelNames, registers });

  const depth = gauge("jobs_waiting", "Answers that wait for a prover");
  const active = gauge("jobs_active", "Answers that a prover works on");
  const promised = gauge("promised_dollars", "Money of tabs that is promised to answers and not settled yet");
  const funds = gauge("tab_funds_dollars", "Final money in all tabs with this provider");
  const staked = gauge("staked_dollars", "The provider's stake in all tabs");
  const head = gauge("chain_head", "The newest block that was taken in");
  const lag = gauge("chain_lag_seconds", "How far that block is behind this machine's clock");
  return {
    answers: counter("answers_total", "Paid answers, by what they are proven with", ["model", "scheme", "proof"]),
    refusals: counter("refusals_total", "Problems answered, by code", ["code"]),
    seconds: histogram(
      "answer_seconds",
      "From the request to the answer",
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30],
      ["model", "scheme", "proof"],
    ),
    /** Where the time of an answer goes. */
    stageSeconds: histogram(
      "stage_seconds",
      "Parts of an answer: check, reserve, compute, journal, sign",
      [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.5, 5],
      ["stage"],
    ),
    proofs: counter("proofs_total", "Proofs made here"),
    proofSeconds: histogram("proof_seconds", "Making a proof", [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60]),
    settled: counter("settled_total", "Answers settled on chain"),
    earned: counter("earned_dollars_total", "Charges of settled answers"),
    gas: counter("settle_gas_total", "Gas of settlements sent from here"),
    slashed: counter("penalties_total", "Penalties taken from this provider's stakes"),
    async text(): Promise<string> {
      const readings = await read();
      depth.set(readings.waiting);
      active.set(readings.active);
      promised.set(Number(readings.promised) / UNITS_PER_DOLLAR);
      funds.set(Number(readings.funds) / UNITS_PER_DOLLAR);
      staked.set(Number(readings.staked) / UNITS_PER_DOLLAR);
      head.set(readings.headBlock);
      lag.set(readings.lagSeconds);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
