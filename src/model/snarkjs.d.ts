/** What this project uses of snarkjs, which has no types of its own. */
declare module "snarkjs" {
  /** A file by its path, or one in memory. */
  type File = string | Uint8Array | { type: "mem"; data?: Uint8Array };

  type Groth16Proof = {
    pi_a: [string, string, string];
    pi_b: [[string, string], [string, string], [string, string]];
    pi_c: [string, string, string];
    protocol: string;
    curve: string;
  };

  type VerificationKey = {
    protocol: string;
    curve: string;
    nPublic: number;
    vk_alpha_1: [string, string, string];
    vk_beta_2: [[string, string], [string, string], [string, string]];
    vk_gamma_2: [[string, string], [string, string], [string, string]];
    vk_delta_2: [[string, string], [string, string], [string, string]];
    IC: [string, string, string][];
  };

  const groth16: {
    prove(key: File, witness: File): Promise<{ proof: Groth16Proof; publicSignals: string[] }>;
    verify(key: VerificationKey, publicSignals: string[], proof: Groth16Proof): Promise<boolean>;
  };

  const wtns: {
    check(r1cs: File, witness: File, logger: { info(line: string): void; warn(line: string): void }): Promise<boolean>;
    exportJson(witness: File): Promise<bigint[]>;
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
    exportVerificationKey(key: File): Promise<VerificationKey>;
  };

  const r1cs: {
    info(file: File): Promise<{ nConstraints: number }>;
  };

  const curves: {
    getCurveFromName(name: string): Promise<{ terminate(): Promise<void> }>;
  };
}
