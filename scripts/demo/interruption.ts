/** Ctrl-C, and its like. */
import { constants } from "node:os";

export type Interruption = {
  /** Resolves with the exit code that shells give, at the first signal. At the second one the process ends at once. */
  readonly code: Promise<number>;
  readonly forget: () => void;
};

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function listenForInterruption(): Interruption {
  const { promise, resolve } = Promise.withResolvers<number>();
  let seen = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = 128 + constants.signals[signal];
    seen += 1;
    if (seen > 1) process.exit(code);
    resolve(code);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    code: promise,
    forget() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
