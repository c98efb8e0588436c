import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { runTypeChain } from "typechain";

const require = createRequire(import.meta.url);

/** The contracts that the library calls, by their artifact's path. */
const CONTRACTS = [
  "Escrow.sol/Escrow",
  "Vault.sol/Vault",
  "CommitmentLog.sol/CommitmentLog",
  "verifiers/Groth16Verifier.sol/Groth16Verifier",
  "verifiers/EnclaveVerifier.sol/EnclaveVerifier",
  "interfaces/IVerifier.sol/IVerifier",
  "interfaces/IInferenceConsumer.sol/IInferenceConsumer",
];

/** What it calls on a token that is somebody else's. */
const TOKEN_INTERFACES = ["IERC20Metadata", "IERC3009"];

/** Writes the typed ABI of each contract to `outDir`; returns how many it wrote. */
export async function generateAbis(artifactsDir: string, outDir: string): Promise<number> {
  const files = [
    ...CONTRACTS.map((contract) => `${artifactsDir}/contracts/${contract}.json`),
    ...TOKEN_INTERFACES.map((name) => require.resolve(`@openzeppelin/contracts/build/contracts/${name}.json`)),
  ];
  const { filesGenerated } = await runTypeChain({
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    target: fileURLToPath(new URL("viem.cjs", import.meta.url)),
    outDir,
    prettier: { printWidth: 120 },
    filesToProcess: files,
    allFiles: files,
  });
  return filesGenerated;
}
