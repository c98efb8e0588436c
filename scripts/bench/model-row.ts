/** What is measured of one model. */
export type ModelRow = {
  readonly model: string;
  /** Constraints that multiply. */
  readonly constraints: number;
  /** All constraints, as the cost report has them before anything is compiled. */
  readonly predicted: number;
  /** All that circom's default optimisation leaves. */
  readonly rows: number;
  /** The power of two that proving works on. */
  readonly domain: number;
  /** From the model's files to its compiled circuit. */
  readonly buildSeconds: number;
  /** The key, a contribution to it, and the check of both. */
  readonly setupSeconds: number | null;
  readonly witnessSeconds: number | null;
  /** The first proof of a process, which begins with the curve and its threads. */
  readonly proveSecondsCold: number | null;
  readonly proveSeconds: number | null;
  readonly verifySeconds: number | null;
  /** The most memory that the proving process ever held. */
  readonly peakMiB: number | null;
  /** What both accuracies are; null with all that follows where weights are made up. */
  readonly metric: "accuracy" | "mean absolute error" | null;
  readonly accuracyFloat: number | null;
  readonly accuracyInteger: number | null;
  /** The part of the rows of data on which the integers answer as the floats do. */
  readonly agreement: number | null;
};

/** A row, and what is not in it. */
export type MeasuredModel = {
  readonly row: ModelRow;
  /** How many of the rows bind the input to its commitment. */
  readonly commitmentRows: number;
};
