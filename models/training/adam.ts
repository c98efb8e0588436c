/** Gradient descent with a rate of its own for every number, after Kingma and Ba. */
import type { Trained } from "./weighted-layer.ts";

const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.999;
const FLOOR = 1e-8;

export class Adam {
  readonly #parts: readonly {
    readonly trained: Trained;
    readonly means: Float64Array;
    readonly squares: Float64Array;
  }[];
  #meanLeft = 1;
  #squareLeft = 1;

  constructor(parts: readonly Trained[]) {
    this.#parts = parts.map((trained) => ({
      trained,
      means: new Float64Array(trained.values.length),
      squares: new Float64Array(trained.values.length),
    }));
  }

  /**
   * Moves every number against its slope, which was summed over so many samples, and forgets the slopes. Weights that do
   * little are drawn to zero, by as much for small ones as for large ones: the narrower a sum, the cheaper its proof.
   */
  step(rate: number, samples: number): void {
    this.#meanLeft *= MEAN_DECAY;
    this.#squareLeft *= SQUARE_DECAY;
    for (const { trained, means, squares } of this.#parts) {
      const { values, slopes, pull = 0 } = trained;
      for (let at = 0; at < values.length; at++) {
        const slope = (slopes[at] as number) / samples;
        const mean = MEAN_DECAY * (means[at] as number) + (1 - MEAN_DECAY) * slope;
        const square = SQUARE_DECAY * (squares[at] as number) + (1 - SQUARE_DECAY) * slope * slope;
        means[at] = mean;
        squares[at] = square;
        const size = Math.sqrt(square / (1 - this.#squareLeft)) + FLOOR;
        const moved = (values[at] as number) - (rate * mean) / (1 - this.#meanLeft) / size;
        values[at] = Math.sign(moved) * Math.max(0, Math.abs(moved) - rate * pull);
      }
      slopes.fill(0);
    }
  }
}
