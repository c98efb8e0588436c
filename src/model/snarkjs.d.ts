/** What this project uses of snarkjs, which has no types of its own. */
declare module "snarkjs" {
  /** A file by its path, or one in memory. */
  type File = string | Uint8Array | { type: "mem"; data?: Uint8Array };

  const groth16: {
    prove(key: File, witness: File): Promise<{ proof: unknown; publicSignals: string[] }>;
    verify(key: unknown, publicSignals: string[], proof: unknown): Promise<boolean>;
  };

  const curves: {
    getCurveFromName(name: "bn128", options: { singleThread: boolean }): Promise<object>;
  };

  const wtns: {
    check(r1cs: File, witness: File, logger: { info(line: string): void; warn(line: string): void }): Promise<boolean>;
  };

  type Logger = {
    debug(line: string): void;
    info(line: string): void;
    warn(line: string): void;
    error(line: string): void;
  };

  const zKey: {
    newZKey(r1cs: File, phase1: File, key: File, logger: Logger): Promise<Uint8Array | -1>;
    contribute(from: File, to: File, name: string, entropy: string, logger: Logger): Promise<Uint8Array>;
    beacon(
      from: File,
      to: File,
      name: string,
      value: string,
      iterationsExponent: number,
      logger: Logger,
    ): Promise<Uint8Array | false>;
    verifyFromR1cs(r1cs: File, phase1: File, key: File, logger: Logger): Promise<boolean>;
    exportVerificationKey(key: File): Promise<unknown>;
  };

  const r1cs: {
    info(file: File): Promise<{ nConstraints: number }>;
  };
}
