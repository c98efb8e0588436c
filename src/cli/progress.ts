const WIDTH = 28;

/** A line on the error stream that shows how far a long job is. Nothing where nobody looks. */
export type Progress = {
  readonly advance: () => void;
  readonly note: (words: string) => void;
  readonly end: () => void;
};

/**
 * Starts a progress line.
 *
 * @param label What is being done.
 * @param total How many times `advance` will be called.
 */
export function startProgress(label: string, total: number): Progress {
  const { stderr } = process;
  let done = 0;
  let words = "";
  const draw = (): void => {
    if (!stderr.isTTY) return;
    const filled = total === 0 ? WIDTH : Math.round((done / total) * WIDTH);
    const bar = "█".repeat(filled).padEnd(WIDTH, "░");
    stderr.write(`\r\u001B[2K${label} ${bar} ${done}/${total} ${words}`);
  };
  draw();
  return {
    advance() {
      done += 1;
      draw();
    },
    note(text) {
      words = text;
      if (stderr.isTTY) draw();
      else stderr.write(`${label}: ${text}\n`);
    },
    end() {
      if (stderr.isTTY) stderr.write("\r\u001B[2K");
    },
  };
}
