/**
 * Has snarkjs prove in the thread that calls it. As many processes of one thread as there are cores make a fifth more
 * proofs than one process with as many threads, since nothing is copied from thread to thread.
 */
import * as snarkjs from "snarkjs";

type Curves = {
  readonly curves: { getCurveFromName(name: string, options: { singleThread: boolean }): Promise<object> };
};

/** Puts a curve without threads where snarkjs keeps the one that it uses. Ends nothing: call it before any proof. */
export async function proveInOneThread(): Promise<void> {
  const { curves } = snarkjs as unknown as Curves;
  (globalThis as { curve_bn128?: object }).curve_bn128 = await curves.getCurveFromName("bn128", { singleThread: true });
}
