/** What it costs to settle answers that an enclave signed, from a tab. */
import { encodeAbiParameters, keccak256, numberToHex, zeroAddress } from "viem";
import type { Hex } from "viem";

import { enclaveVerifier } from "../../src/deploy/modules.ts";
import {
  encodeAttestedProof,
  PLATFORM_NUMBERS,
  signAnswer,
  typedDataOfEnrolment,
} from "../../src/protocol/attested.ts";
import type { Fill } from "../../src/protocol/fill.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import * as Request from "../../src/protocol/request.ts";
import { sign } from "../../src/protocol/signature.ts";
import type { Signature } from "../../src/protocol/signature.ts";
import { account } from "../local/market.ts";
import { attestedFloor } from "./floor.ts";
import { gasRow } from "./gas-row.ts";
import type { GasRow } from "./gas-row.ts";
import type { World } from "./world.ts";

const [ATTESTER, ENCLAVE] = [account(3), account(4)];
const MONTH = 30 * 86_400;
const GAS_LIMIT = 16_000_000n;

type Answered = { readonly fill: Fill; readonly proof: Signature };

/** Measures `settle` with one attested model and one enclave's key, where all accounts hold something already. */
export async function attestedGas(world: World, sizes: readonly number[]): Promise<GasRow[]> {
  const { escrow, agent, provider, prover, gasOf, undone } = world;
  return undone(async () => {
    const ask = await enrolOne(world);
    await escrow.write.fund([agent.address, provider.address, 10n ** 9n]);
    const settle = async (answers: readonly Answered[]): Promise<number> => {
      const fills = answers.map(({ fill }) => fill);
      const proof = encodeAttestedProof(answers.map((answer) => answer.proof));
      return gasOf(escrow.write.settle([fills, proof], { account: prover.address, gas: GAS_LIMIT }));
    };
    await settle([await ask(0)]);
    const rows: GasRow[] = [];
    for (const n of sizes) {
      const answers = await Promise.all(Array.from({ length: n }, async (_, index) => ask(index + 1)));
      const gas = await undone(async () => settle(answers));
      const row = { call: "settle attested", funding: "tab", state: "warm", n, models: 1, gas } as const;
      rows.push(gasRow(row, attestedFloor(n)));
    }
    return rows;
  });
}

/** Publishes a model and enrols a key for it; returns who asks it, the provider and the enclave answering. */
async function enrolOne({ connection, deployment, terms, prover }: World) {
  const { enclaveVerifier: verifier } = await connection.ignition.deploy(enclaveVerifier, {
    parameters: { EnclaveVerifier: { attesters: [ATTESTER.address], threshold: 1n } },
  });
  const enclaves = { chainId: deployment.chainId, verifier: verifier.address };
  const [measurement, manifestHash] = [hashOf("measurement", 0), hashOf("manifest", 0)];
  await verifier.write.publish([measurement, manifestHash, "ipfs://manifest"]);
  const model = await verifier.read.modelOf([measurement, manifestHash]);
  const enrolment = {
    key: ENCLAVE.address,
    measurement,
    platform: PLATFORM_NUMBERS.nitro,
    attestation: hashOf("document", 0),
    expiry: terms.deadline + MONTH,
  };
  await verifier.write.enrol([enrolment, [await sign(typedDataOfEnrolment(enrolment, enclaves), ATTESTER)]]);

  return async (nonce: number): Promise<Answered> => {
    const request = {
      payer: terms.agent.address,
      provider: terms.provider.address,
      verifier: verifier.address,
      consumer: zeroAddress,
      model,
      input: hashOf("question", nonce),
      price: terms.price,
      proverFee: 0n,
      penalty: terms.penalty,
      deadline: terms.deadline,
      locked: false,
      nonce: BigInt(nonce),
    };
    const answer = { request: Request.idOf(request, deployment), output: hashOf("answer", nonce), charge: terms.price };
    const receipt = await Receipt.sign(answer, deployment, terms.provider);
    const signature = await Request.sign(request, deployment, terms.agent);
    const { output, charge } = answer;
    return {
      fill: { request, signature, output, charge, receipt, prover: prover.address },
      proof: await signAnswer({ ...answer, model, input: request.input }, enclaves, ENCLAVE),
    };
  };
}

function hashOf(what: string, index: number): Hex {
  return keccak256(
    encodeAbiParameters([{ type: "string" }, { type: "bytes32" }], [what, numberToHex(index, { size: 32 })]),
  );
}
