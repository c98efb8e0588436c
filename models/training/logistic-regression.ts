/** Multinomial logistic regression by gradient descent, from zeros: nothing about it is random. */

export type LabelledRow = { readonly inputs: readonly number[]; readonly label: number };

export type Descent = {
  readonly labels: number;
  readonly steps: number;
  readonly rate: number;
  /** Draws weights towards zero, so that few bits hold them. */
  readonly decay: number;
};

/** The score of label `l` is `bias[l] + Σ weights[l * columns + c] * input[c]`. */
export type Regression = {
  readonly columns: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
};

export function trainRegression(rows: readonly LabelledRow[], { labels, steps, rate, decay }: Descent): Regression {
  const columns = rows[0]?.inputs.length ?? 0;
  const weights = new Float64Array(labels * columns);
  const bias = new Float64Array(labels);
  for (let step = 0; step < steps; step++) {
    const weightSlopes = new Float64Array(weights.length);
    const biasSlopes = new Float64Array(bias.length);
    for (const { inputs, label } of rows) {
      const scores = bias.map((start, row) =>
        inputs.reduce((sum, value, column) => sum + value * (weights[row * columns + column] ?? 0), start),
      );
      for (const [row, probability] of softmax(scores).entries()) {
        const error = (probability - (row === label ? 1 : 0)) / rows.length;
        biasSlopes[row] = (biasSlopes[row] ?? 0) + error;
        for (const [column, value] of inputs.entries()) {
          const at = row * columns + column;
          weightSlopes[at] = (weightSlopes[at] ?? 0) + error * value;
        }
      }
    }
    for (const [at, slope] of weightSlopes.entries()) {
      weights[at] = (weights[at] ?? 0) - rate * (slope + decay * (weights[at] ?? 0));
    }
    for (const [at, slope] of biasSlopes.entries()) bias[at] = (bias[at] ?? 0) - rate * slope;
  }
  return { columns, weights, bias };
}

function softmax(scores: Float64Array): Float64Array {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
