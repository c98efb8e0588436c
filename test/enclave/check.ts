import { expect } from "chai";
import { hexToBytes, sha256, type Hex } from "viem";

import { checkEvidence, type AttestationPolicy } from "../../src/enclave/check.ts";
import { evidenceSchema, type Evidence } from "../../src/enclave/evidence.ts";
import { attestedModelOf } from "../../src/enclave/manifest.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import {
  hashServingPolicy,
  hashStatement,
  isBoundTo,
  type ServingPolicy,
  type Statement,
} from "../../src/enclave/statement.ts";
import { simulateNitro } from "../../simulator/nitro.ts";
import { errorOf } from "../helpers/errors.ts";
import { manifestOf } from "./manifests.ts";

const NOW = 1_800_000_000;
const BLOCK = { number: 7, hash: `0x${"b1".repeat(32)}` } as const;
const VERIFIER = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

describe("what an enclave shows", () => {
  const simulator = simulateNitro({ now: () => NOW });
  const manifest = manifestOf({ enclave: simulator.measurement });
  const policy: ServingPolicy = {
    version: 1,
    chainId: 31_337,
    escrow: "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0",
    verifier: VERIFIER,
    models: [manifest],
  };
  const statement: Statement = {
    version: 1,
    key: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    chainId: 31_337,
    verifier: VERIFIER,
    gateways: ["0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"],
    policy: hashServingPolicy(policy),
    epoch: 1,
    expires: NOW + 3_600,
  };
  const measurement = hashMeasurement(simulator.measurement);
  const accepted: AttestationPolicy = { measurements: [measurement], simulatedRoots: [simulator.root] };

  const documentOver = (over: Statement, block = BLOCK): string =>
    simulator.attest({ userData: hexToBytes(hashStatement(over)), nonce: hexToBytes(block.hash) }).toString("base64");
  const evidenceOf = (changes: Partial<Evidence> = {}): Evidence => ({
    platform: "nitro",
    document: documentOver(changes.statement ?? statement),
    statement,
    policy,
    block: BLOCK,
    ...changes,
  });
  const refusal = async (evidence: Evidence, by: AttestationPolicy = accepted, now = NOW): Promise<string> => {
    const { name, because } = (await errorOf(checkEvidence(evidence, by, now))) as Error & { because?: string };
    return because === undefined ? name : `${name}: ${because}`;
  };

  it("is accepted when all of it holds together, and says what it is", async () => {
    const evidence = evidenceOf();
    const checked = await checkEvidence(evidence, accepted, NOW);
    expect(checked).to.deep.equal({
      platform: "nitro",
      measurement,
      root: simulator.root,
      isSimulated: true,
      tcb: undefined,
      madeAt: NOW,
      statement,
      models: [attestedModelOf(manifest)],
      attestation: sha256(Buffer.from(evidence.document, "base64")),
      block: BLOCK,
    });
  });

  it("is refused where no measurement is expected: an empty list is no leave", async () => {
    expect(await refusal(evidenceOf(), { ...accepted, measurements: [] })).to.equal("UnknownMeasurementError");
    const other = hashMeasurement(manifestOf().enclave);
    expect(await refusal(evidenceOf(), { ...accepted, measurements: [other] })).to.equal("UnknownMeasurementError");
  });

  it("is refused when a simulator made it, unless that one is named", async () => {
    for (const simulatedRoots of [[], [simulateNitro().root]]) {
      expect(await refusal(evidenceOf(), { measurements: [measurement], simulatedRoots })).to.equal(
        "CertificateError: root",
      );
    }
  });

  it("is refused when its document is over another statement or block", async () => {
    const changes: Partial<Statement>[] = [
      { key: "0x90F79bf6EB2c4f870365E785982E1f101E93b906" },
      { chainId: 1 },
      { gateways: ["0x90F79bf6EB2c4f870365E785982E1f101E93b906"] },
      { epoch: 2 },
      { expires: NOW + 7_200 },
      { verifier: "0x90F79bf6EB2c4f870365E785982E1f101E93b906" },
      { policy: `0x${"00".repeat(32)}` },
    ];
    for (const change of changes) {
      const evidence = { ...evidenceOf(), statement: { ...statement, ...change } };
      expect(await refusal(evidence), JSON.stringify(change)).to.equal("EnclaveRefusedError: not-bound");
    }
    const later = { number: 8, hash: `0x${"b2".repeat(32)}` } as const;
    expect(await refusal({ ...evidenceOf(), block: later })).to.equal("EnclaveRefusedError: not-bound");
  });

  it("is refused when its policy is another than the statement's, or is at odds with it", async () => {
    const cheaper = { ...policy, models: [{ ...manifest, price: { ...manifest.price, base: "1" } }] };
    expect(await refusal(evidenceOf({ policy: cheaper }))).to.equal("EnclaveRefusedError: other-policy");
    const at = async (changed: ServingPolicy): Promise<string> => {
      const bound = { ...statement, policy: hashServingPolicy(changed) };
      return refusal(evidenceOf({ policy: changed, statement: bound }));
    };
    expect(await at({ ...policy, chainId: 1 })).to.equal("EnclaveRefusedError: other-chain");
    expect(await at({ ...policy, verifier: policy.escrow })).to.equal("EnclaveRefusedError: other-verifier");
    expect(await at({ ...policy, models: [manifest, manifestOf()] })).to.equal("EnclaveRefusedError: other-code");
  });

  it("is refused when its statement has expired", async () => {
    const old = { ...statement, expires: NOW - 1 };
    expect(await refusal(evidenceOf({ statement: old }))).to.equal("EnclaveRefusedError: expired");
    await checkEvidence(evidenceOf({ statement: { ...statement, expires: NOW } }), accepted, NOW);
  });

  it("is refused when it says another platform, or brings what its platform has not", async () => {
    expect(await refusal(evidenceOf({ platform: "tdx" }))).to.equal("EnclaveRefusedError: no-collateral");
    const collateral = Object.fromEntries(COLLATERAL.map((name) => [name, ""])) as NonNullable<Evidence["collateral"]>;
    expect(await refusal(evidenceOf({ collateral }))).to.equal("EnclaveRefusedError: collateral");
  });

  it("hashes alike however its addresses are written", () => {
    const lower = (text: string): string => text.toLowerCase();
    const written = { ...policy, escrow: lower(policy.escrow), verifier: lower(policy.verifier) } as ServingPolicy;
    expect(hashServingPolicy(written)).to.equal(hashServingPolicy(policy));
    const said = { ...statement, key: lower(statement.key), gateways: statement.gateways.map(lower) } as Statement;
    expect(hashStatement(said)).to.equal(hashStatement(statement));
  });

  it("has no field that could turn a check off", () => {
    const wire = JSON.parse(JSON.stringify(evidenceOf())) as Record<string, unknown>;
    expect(evidenceSchema.safeParse(wire).success).to.equal(true);
    for (const extra of [{ test: true }, { debug: true }, { skip: ["signature"] }, { simulated: false }]) {
      expect(evidenceSchema.safeParse({ ...wire, ...extra }).success, JSON.stringify(extra)).to.equal(false);
      const inside = { ...wire, statement: { ...statement, ...extra } };
      expect(evidenceSchema.safeParse(inside).success, JSON.stringify(extra)).to.equal(false);
    }
  });
});

const COLLATERAL = [
  "pck_crl_issuer_chain",
  "root_ca_crl",
  "pck_crl",
  "tcb_info_issuer_chain",
  "tcb_info",
  "tcb_info_signature",
  "qe_identity_issuer_chain",
  "qe_identity",
  "qe_identity_signature",
];

describe("the binding of a statement", () => {
  const [statement, block] = [`0x${"51".repeat(32)}`, `0x${"b1".repeat(32)}`] as const;
  const other = `0x${"0f".repeat(32)}` as const;
  const join = (...parts: readonly string[]): Hex => `0x${parts.map((part) => part.replace("0x", "")).join("")}`;

  it("is the user data and the nonce of a Nitro document", () => {
    expect(isBoundTo({ kind: "fields", userData: statement, nonce: block }, statement, block)).to.equal(true);
    for (const [userData, nonce] of [
      [other, block],
      [statement, other],
      [block, statement],
      [undefined, block],
      [statement, undefined],
      [statement, block.slice(0, 42) as Hex],
      [join(statement, "00"), block],
    ] as const) {
      expect(isBoundTo({ kind: "fields", userData, nonce }, statement, block)).to.equal(false);
    }
  });

  it("is the second hash and a shorter nonce behind the side-car", () => {
    const nonce = block.slice(0, 42) as Hex;
    const userData = join("1220", other, "1220", statement);
    expect(isBoundTo({ kind: "fields", userData, nonce }, statement, block)).to.equal(true);
    for (const [data, given] of [
      [join("1220", statement, "1220", other), nonce],
      [join("1221", other, "1220", statement), nonce],
      [join("1220", other, "1120", statement), nonce],
      [userData, block],
      [userData, other.slice(0, 42) as Hex],
    ] as const) {
      expect(isBoundTo({ kind: "fields", userData: data, nonce: given }, statement, block)).to.equal(false);
    }
  });

  it("is all of the report data of a quote", () => {
    const at = (reportData: Hex): boolean => isBoundTo({ kind: "report-data", reportData }, statement, block);
    expect(at(join(statement, block))).to.equal(true);
    for (const false_ of [join(block, statement), join(statement, other), join(other, block), statement]) {
      expect(at(false_)).to.equal(false);
    }
  });
});
