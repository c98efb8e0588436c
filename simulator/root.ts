/** A simulator's root: made anew by default, or kept in a folder, so that who pinned it need not do so again. */
import { createHash, createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { certify, type CertificatePlan, type Certified, type Curve } from "./certificate.ts";

const NAMES = { nitro: "Simulated aws.nitro-enclaves", tdx: "Intel SGX Root CA" } as const;
const CURVES = { nitro: "P-384", tdx: "P-256" } as const satisfies Record<string, Curve>;
const YEAR = 365 * 86_400;

/** On certificates, so that whoever reads one sees at once what it is. */
export const SIMULATOR = { O: "Assay simulator", C: "US" } as const;

export type SimulatedPlatform = keyof typeof NAMES;

/** A root that nobody knows yet. */
export function makeRoot(platform: SimulatedPlatform, now = Date.now() / 1000): Certified {
  return certify(planOf(platform, Math.floor(now)));
}

/** The root that a folder holds; makes it, the first time. */
export async function keepRoot(platform: SimulatedPlatform, folder: string): Promise<Certified> {
  const path = join(folder, `${platform}-root.json`);
  const kept = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
  if (kept !== null) return revive(platform, kept);
  const root = makeRoot(platform);
  await mkdir(folder, { recursive: true });
  const file = {
    serial: root.serial.toString(),
    certificate: root.certificate.toString("base64"),
    key: root.privateKey.export({ type: "pkcs8", format: "pem" }),
  };
  // Two that start at once would each have a root of its own: the one whose file is there first wins, and it is whole.
  const draft = join(folder, `${platform}-${randomUUID()}.draft`);
  await writeFile(draft, JSON.stringify(file), { mode: 0o600, flag: "wx" });
  const isFirst = await link(draft, path).then(
    () => true,
    () => false,
  );
  await unlink(draft);
  return isFirst ? root : revive(platform, await readFile(path, "utf8"));
}

/** By which verifiers pin a root: SHA-256 of its certificate. */
export function fingerprintOf({ certificate }: Certified): `0x${string}` {
  return `0x${createHash("sha256").update(certificate).digest("hex")}`;
}

function planOf(platform: SimulatedPlatform, now: number): CertificatePlan {
  return {
    subject: { CN: NAMES[platform], ...SIMULATOR },
    curve: CURVES[platform],
    // Documents of the past are asked for in tests: a root is older than all of them.
    notBefore: now - 10 * YEAR,
    notAfter: now + 20 * YEAR,
    authority: platform === "tdx" ? { pathLength: 1 } : {},
    keyUsages: platform === "tdx" ? ["keyCertSign", "cRLSign"] : ["digitalSignature", "keyCertSign", "cRLSign"],
  };
}

function revive(platform: SimulatedPlatform, kept: string): Certified {
  const file = JSON.parse(kept) as { readonly serial: string; readonly certificate: string; readonly key: string };
  const privateKey = createPrivateKey(file.key);
  return {
    certificate: Buffer.from(file.certificate, "base64"),
    serial: BigInt(file.serial),
    subject: planOf(platform, 0).subject,
    curve: CURVES[platform],
    privateKey,
    publicKey: createPublicKey(privateKey),
  };
}
