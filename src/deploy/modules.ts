/** The contracts as Ignition deploys them, the same for tests, scripts and production. */
import { buildModule } from "@nomicfoundation/ignition-core";

import type { G1Point, G2Point } from "../protocol/bn254.ts";

/** A token for local chains, where no real one is. */
export const testToken = buildModule("TestToken", (m) => ({ token: m.contract("TestUSDC") }));

/** What Assay deploys on every chain: an escrow for one token, and the log. */
export const assay = buildModule("Assay", (m) => {
  const token = m.getParameter<string>("token");
  const feeBps = m.getParameter<bigint>("feeBps");
  const feeRecipient = m.getParameter<string>("feeRecipient");
  return {
    escrow: m.contract("Escrow", [token, feeBps, feeRecipient]),
    commitmentLog: m.contract("CommitmentLog"),
  };
});

/** A verifier for what enclaves answer, whose keys these attesters enrol. */
export const enclaveVerifier = buildModule("EnclaveVerifier", (m) => {
  const attesters = m.getParameter<string[]>("attesters");
  const threshold = m.getParameter<bigint>("threshold");
  return { enclaveVerifier: m.contract("EnclaveVerifier", [attesters, threshold]) };
});

/** A verifier for the models of one phase 1. */
export const groth16Verifier = buildModule("Groth16Verifier", (m) => {
  const alpha = m.getParameter<G1Point>("alpha");
  const beta = m.getParameter<G2Point>("beta");
  const gamma = m.getParameter<G2Point>("gamma");
  return { verifier: m.contract("Groth16Verifier", [alpha, beta, gamma]) };
});
