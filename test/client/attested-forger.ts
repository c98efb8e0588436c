/** Evidence and answers of an enclave that does whatever it is told: its simulator and its key are in a test's hands. */
import { hexToBytes, zeroHash, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";

import { ATTESTER } from "../../scripts/local/node.ts";
import type { Evidence } from "../../src/enclave/evidence.ts";
import type { AttestedManifest } from "../../src/enclave/manifest.ts";
import { hashServingPolicy, hashStatement, type ServingPolicy, type Statement } from "../../src/enclave/statement.ts";
import { chargeFor, extendChain, hashTranscript, startChain, type Transcript } from "../../src/enclave/transcript.ts";
import {
  PLATFORM_NUMBERS,
  signAnswer,
  typedDataOfEnrolment,
  typedDataOfKeyRevocation,
  typedDataOfMeasurementRevocation,
} from "../../src/protocol/attested.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { idOf } from "../../src/protocol/request.ts";
import { sign, toCompactHex } from "../../src/protocol/signature.ts";
import { requestToWire } from "../../src/protocol/wire.ts";
import { assayPayloadSchema, networkOf } from "../../src/x402/scheme.ts";
import type { AttestedWorld, Json } from "./attested-world.ts";

export type Forgery = {
  readonly statement?: Partial<Statement>;
  readonly policy?: Partial<ServingPolicy>;
  readonly block?: Evidence["block"];
};

/** Whom answers are signed by, where not by who should. */
export type Signers = { readonly enclave?: PrivateKeyAccount; readonly provider?: PrivateKeyAccount };

export type Question = { readonly payment: string; readonly salt: Hex; readonly isStreamed: boolean };

const HOUR = 3_600;

export function forgerIn(world: AttestedWorld) {
  const { attested, client, deployment, enclaveVerifier } = world;
  const verifier = { chainId: deployment.chainId, verifier: enclaveVerifier.address };
  const now = (): number => Math.floor(Date.now() / 1000);
  const provider = world.account("provider");

  return {
    key: (): PrivateKeyAccount => privateKeyToAccount(generatePrivateKey()),

    /** A document that holds, over anything. */
    async evidence({ statement: said = {}, policy: served = {}, block: over }: Forgery = {}): Promise<Evidence> {
      const { number, hash } = await client.getBlock();
      const block = over ?? { number: Number(number), hash };
      const policy = { ...attested.policy, ...served };
      const statement = {
        version: 1 as const,
        key: attested.enclave.key,
        chainId: policy.chainId,
        verifier: policy.verifier,
        gateways: [provider.address],
        policy: hashServingPolicy(policy),
        epoch: 1,
        expires: now() + 24 * HOUR,
        ...said,
      };
      const document = attested.simulator.attest({
        userData: hexToBytes(hashStatement(statement)),
        nonce: hexToBytes(block.hash),
      });
      return { platform: "nitro", document: document.toString("base64"), statement, policy, block };
    },

    /** Has a key enrolled by the attester, who is deceived. */
    async enrol(key: Hex, { measurement = world.measurement, expiry = now() + 24 * HOUR } = {}): Promise<void> {
      const platform = PLATFORM_NUMBERS.nitro;
      const enrolment = { key, measurement, platform, attestation: zeroHash, expiry };
      const signature = await sign(typedDataOfEnrolment(enrolment, verifier), ATTESTER);
      await enclaveVerifier.write.enrol([enrolment, [signature]]);
    },
    async revoke(key: Hex): Promise<void> {
      const signature = await sign(typedDataOfKeyRevocation(key, verifier), ATTESTER);
      await enclaveVerifier.write.revokeKey([key, [signature]]);
    },
    async revokeCode(measurement: Hex): Promise<void> {
      const signature = await sign(typedDataOfMeasurementRevocation(measurement, verifier), ATTESTER);
      await enclaveVerifier.write.revokeMeasurement([measurement, [signature]]);
    },

    /** An answer of these chunks, with both signatures over whatever its transcript is changed to. */
    async answer(
      { payment, salt }: Question,
      manifest: AttestedManifest,
      chunks: readonly string[],
      usage: Transcript["usage"],
      change: (honest: Transcript) => Transcript,
      signers: Signers & { readonly enclave: PrivateKeyAccount },
    ): Promise<Json> {
      const envelope = JSON.parse(Buffer.from(payment, "base64").toString("utf8")) as { payload: unknown };
      const { request } = assayPayloadSchema.parse(envelope.payload);
      const id = idOf(request, deployment);
      const transcript = change({
        version: 1,
        chainId: deployment.chainId,
        escrow: deployment.escrow,
        request: id,
        model: request.model,
        input: request.input,
        response: { head: chunks.reduce(extendChain, startChain(id, request.input)), chunks: chunks.length },
        end: "complete",
        usage,
        price: manifest.price,
        charge: chargeFor(manifest.price, usage).toString(),
        upstreamModel: "any",
      });
      const { model, input } = request;
      const [output, charge] = [hashTranscript(transcript), BigInt(transcript.charge)];
      const signature = await signAnswer({ request: id, model, input, output, charge }, verifier, signers.enclave);
      const receipt = await Receipt.sign({ request: id, output, charge }, deployment, signers.provider ?? provider);
      return {
        success: true,
        payer: request.payer,
        transaction: "",
        network: networkOf(deployment.chainId),
        amount: charge.toString(),
        extensions: {
          assay: {
            id,
            request: requestToWire(request),
            output,
            charge: charge.toString(),
            receipt: toCompactHex(receipt),
            salt,
            transcript,
            signature: toCompactHex(signature),
            simulated: true,
          },
        },
      };
    },
  };
}
