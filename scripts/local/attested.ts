/** An attested model on this machine: a simulated enclave, what it asks, and its key enrolled by an attester of the market's. */
import type { Hex } from "viem";

import { DEFAULT_LIMITS, type InsideLimits } from "../../src/inside/limits.ts";
import { nitroPlatform } from "../../src/inside/platform/nitro-sidecar.ts";
import { startEnclave } from "../../src/inside/program.ts";
import { checkEvidence, type AttestationPolicy } from "../../src/enclave/check.ts";
import { enrolmentOf } from "../../src/enclave/enrolment.ts";
import { evidenceSchema } from "../../src/enclave/evidence.ts";
import { attestedModelOf, hashAttestedManifest, type AttestedManifest } from "../../src/enclave/manifest.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import { servingPolicySchema } from "../../src/enclave/statement.ts";
import type { AttestedSale } from "../../src/gateway/settings.ts";
import { typedDataOfEnrolment, type Enrolment } from "../../src/protocol/attested.ts";
import { sign } from "../../src/protocol/signature.ts";
import { serveNitriding } from "../../simulator/nitriding.ts";
import { simulateNitro } from "../../simulator/nitro.ts";
import { account } from "./market.ts";
import { CAST, DOLLAR, type Marketplace } from "./marketplace.ts";
import { ATTESTER } from "./node.ts";
import { startUpstream } from "./upstream.ts";

const HOUR = 3_600;

export type AttestedOptions = {
  readonly limits?: Partial<InsideLimits>;
  /** Seconds for which the enclave's statement holds. */
  readonly validity?: number;
  readonly change?: (manifest: AttestedManifest) => AttestedManifest;
  /** Whether the key is enrolled and its models published at once. */
  readonly isEnrolled?: boolean;
};

/** Starts an upstream, a simulated enclave that forwards to it, and lets a gateway of the market's provider sell it. */
export async function startAttested(market: Marketplace, options: AttestedOptions = {}) {
  const { limits = {}, validity = 48 * HOUR, change = (manifest) => manifest, isEnrolled = true } = options;
  const { deployment, enclaveVerifier, client } = market;
  const upstream = await startUpstream();
  const simulator = simulateNitro();
  const sidecar = await serveNitriding(simulator);
  const manifests = (["chat", "embeddings"] as const).map((kind) =>
    change({
      version: 1,
      name: kind === "chat" ? "echo-large" : "echo-embeddings",
      purpose: "Answers from the prompt alone, for trying the attested path.",
      kind,
      enclave: simulator.measurement,
      upstream: { url: upstream.url, model: `upstream-${kind}` },
      // In dollars: a tenth of a cent, and two and eight dollars for a million tokens.
      price: { base: "1000", input: "2000000", output: "8000000" },
      mostOutputTokens: 400,
      promptBytesPerToken: 4,
    }),
  );
  const policy = servingPolicySchema.parse({
    version: 1,
    chainId: deployment.chainId,
    escrow: deployment.escrow,
    verifier: enclaveVerifier.address,
    models: manifests,
  });
  const enclave = await startEnclave(
    {
      policy,
      platform: nitroPlatform(sidecar),
      gateways: [account(CAST.provider).address],
      validity,
      listen: { host: "127.0.0.1", port: 0 },
      limits: { ...DEFAULT_LIMITS, ...limits },
    },
    () => {},
  );
  const sale: AttestedSale = { url: enclave.url, verifier: enclaveVerifier.address, penalty: DOLLAR, timeout: HOUR };

  const publish = async (): Promise<void> => {
    for (const manifest of manifests) {
      const args = [hashMeasurement(manifest.enclave), hashAttestedManifest(manifest), ""] as const;
      await enclaveVerifier.write.publish(args);
    }
  };
  const accepted: AttestationPolicy = {
    measurements: [hashMeasurement(simulator.measurement)],
    simulatedRoots: [simulator.root],
  };
  /** As an attester does: checks what the enclave shows, and signs for it. */
  const enrol = async (): Promise<Enrolment> => {
    const block = await client.getBlock();
    const shown = await fetch(`${enclave.url}/evidence?number=${block.number}&hash=${block.hash}`);
    const evidence = evidenceSchema.parse(await shown.json());
    const now = Math.floor(Date.now() / 1000);
    const enrolment = enrolmentOf(await checkEvidence(evidence, accepted, now));
    const verifier = { chainId: deployment.chainId, verifier: enclaveVerifier.address };
    const signature = await sign(typedDataOfEnrolment(enrolment, verifier), ATTESTER);
    await enclaveVerifier.write.enrol([enrolment, [signature]]);
    return enrolment;
  };
  if (isEnrolled) {
    await publish();
    await enrol();
  }
  const ids = manifests.map(attestedModelOf);
  return {
    upstream,
    simulator,
    sidecar,
    enclave,
    policy,
    manifests,
    sale,
    chat: ids[0] as Hex,
    embeddings: ids[1] as Hex,
    measurement: hashMeasurement(simulator.measurement),
    /** What whoever asks here has to accept. */
    accepted,
    publish,
    enrol,
    async stop() {
      await enclave.stop();
      await sidecar.close();
      await upstream.stop();
    },
  };
}

export type Attested = Awaited<ReturnType<typeof startAttested>>;
