/**
 * From a circuit's source to all that proving needs, built once and then read from a cache that is keyed by the content
 * of everything that decides the result.
 */
import { cached } from "./cache.ts";
import { hashSource } from "./circuit-source.ts";
import { COMPILER, compile } from "./compile.ts";
import type { CompiledCircuit } from "./compile.ts";
import { SNARKJS_VERSION, verificationKeyOf } from "./groth16.ts";
import type { VerificationKey } from "./groth16.ts";
import { DEVELOPMENT_PHASE1, checkPhase1 } from "./phase1.ts";
import { setUp } from "./setup.ts";

/** A circuit, ready to prove. */
export type ProvableCircuit = CompiledCircuit & {
  readonly provingKey: Uint8Array;
  readonly verificationKey: VerificationKey;
};

export type BuildOptions = {
  /** Who contributes to phase 2. Two names make two keys, and so two models, of one circuit. */
  readonly contributor?: string;
  /** Called as each step begins, with words for a progress line. */
  readonly onStep?: (step: string) => void;
  /** The folder that keeps what was built. */
  readonly cache?: string;
};

/** Compiles a circuit, sets it up on the development phase 1, and contributes to it; or finds all that in the cache. */
export async function build(source: string, options: BuildOptions = {}): Promise<ProvableCircuit> {
  const { contributor = "development", onStep = () => {}, cache } = options;
  const decides = [await hashSource(source), COMPILER, SNARKJS_VERSION, DEVELOPMENT_PHASE1.sha256, contributor];
  const make = async () => {
    onStep("compiling");
    const compiled = await compile(source);
    onStep("setting up");
    await checkPhase1(DEVELOPMENT_PHASE1);
    return { ...compiled, provingKey: await setUp(compiled.r1cs, DEVELOPMENT_PHASE1, contributor) };
  };
  const files = await cached(decides, ["r1cs", "wasm", "provingKey"], make, cache);
  return { ...files, verificationKey: await verificationKeyOf(files.provingKey) };
}
