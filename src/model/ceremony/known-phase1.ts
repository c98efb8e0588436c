/** The phase 1s that a key may be made on. A file is known by its hash, whatever it is called. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

import { DEVELOPMENT_PHASE1 } from "../phase1.ts";
import type { Phase1 } from "../phase1.ts";

/** A phase 1 that was found on disk and recognised. */
export type KnownPhase1 = Phase1 & {
  readonly name: string;
  readonly blake2b: string;
};

type Entry = Pick<KnownPhase1, "name" | "blake2b" | "capacity">;

const DEVELOPMENT: Entry = {
  name: "development phase 1",
  blake2b:
    "c696c9f05f6cdf0fe1cdf8c88fc7cd67511205d0a480d6722c2627beb3945de7" +
    "2334ad26ca9fe0ca43058e1f5371b168b785ac08dfdbcc3e3e024368f06f0a04",
  capacity: DEVELOPMENT_PHASE1.capacity,
};

const SMALLEST_POWER = 8;

/**
 * The prepared files of the perpetual powers of tau (54 contributions and a beacon), cut to 2^8 up to 2^22 constraints:
 * the BLAKE2b-512 of each, as snarkjs publishes them.
 */
const PUBLIC: readonly Entry[] = [
  "d6a8fb3a04feb600096c3b791f936a578c4e664d262e4aa24beed1b7a9a96aa5eb72864d628db247e9293384b74b36ffb52ca8d148d6e1b8b51e279fdf57b583",
  "94f108a80e81b5d932d8e8c9e8fd7f46cf32457e31462deeeef37af1b71c2c1b3c71fb0d9b59c654ec266b042735f50311f9fd1d4cadce47ab234ad163157cb5",
  "6cfeb8cda92453099d20120bdd0e8a5c4e7706c2da9a8f09ccc157ed2464d921fd0437fb70db42104769efd7d6f3c1f964bcf448c455eab6f6c7d863e88a5849",
  "47c282116b892e5ac92ca238578006e31a47e7c7e70f0baa8b687f0a5203e28ea07bbbec765a98dcd654bad618475d4661bfaec3bd9ad2ed12e7abc251d94d33",
  "ded2694169b7b08e898f736d5de95af87c3f1a64594013351b1a796dbee393bd825f88f9468c84505ddd11eb0b1465ac9b43b9064aa8ec97f2b73e04758b8a4a",
  "58efc8bf2834d04768a3d7ffcd8e1e23d461561729beaac4e3e7a47829a1c9066d5320241e124a1a8e8aa6c75be0ba66f65bc8239a0542ed38e11276f6fdb4d9",
  "eeefbcf7c3803b523c94112023c7ff89558f9b8e0cf5d6cdcba3ade60f168af4a181c9c21774b94fbae6c90411995f7d854d02ebd93fb66043dbb06f17a831c1",
  "982372c867d229c236091f767e703253249a9b432c1710b4f326306bfa2428a17b06240359606cfe4d580b10a5a1f63fbed499527069c18ae17060472969ae6e",
  "6a6277a2f74e1073601b4f9fed6e1e55226917efb0f0db8a07d98ab01df1ccf43eb0e8c3159432acd4960e2f29fe84a4198501fa54c8dad9e43297453efec125",
  "6247a3433948b35fbfae414fa5a9355bfb45f56efa7ab4929e669264a0258976741dfbe3288bfb49828e5df02c2e633df38d2245e30162ae7e3bcca5b8b49345",
  "7e6a9c2e5f05179ddfc923f38f917c9e6831d16922a902b0b4758b8e79c2ab8a81bb5f29952e16ee6c5067ed044d7857b5de120a90704c1d3b637fd94b95b13e",
  "bca9d8b04242f175189872c42ceaa21e2951e0f0f272a0cc54fc37193ff6648600eaf1c555c70cdedfaf9fb74927de7aa1d33dc1e2a7f1a50619484989da0887",
  "89a66eb5590a1c94e3f1ee0e72acf49b1669e050bb5f93c73b066b564dca4e0c7556a52b323178269d64af325d8fdddb33da3a27c34409b821de82aa2bf1a27b",
  "9aef0573cef4ded9c4a75f148709056bf989f80dad96876aadeb6f1c6d062391f07a394a9e756d16f7eb233198d5b69407cca44594c763ab4a5b67ae73254678",
  "0d64f63dba1a6f11139df765cb690da69d9b2f469a1ddd0de5e4aa628abb28f787f04c6a5fb84a235ec5ea7f41d0548746653ecab0559add658a83502d1cb21b",
].map((blake2b, index) => {
  const power = SMALLEST_POWER + index;
  return { name: `powersOfTau28_hez_final_${String(power).padStart(2, "0")}.ptau`, blake2b, capacity: 2 ** power };
});

/**
 * Reads a phase-1 file through, and says which it is.
 *
 * @param onProgress Called with the share that was read, from 0 to 1.
 */
export async function identifyPhase1(
  path: string,
  onProgress: (share: number) => void = () => {},
): Promise<KnownPhase1> {
  const { size } = await stat(path);
  const hashes = { sha256: createHash("sha256"), blake2b: createHash("blake2b512") };
  let read = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 22 })) {
    const bytes = chunk as Buffer;
    hashes.sha256.update(bytes);
    hashes.blake2b.update(bytes);
    read += bytes.length;
    onProgress(read / size);
  }
  const [sha256, blake2b] = [hashes.sha256.digest("hex"), hashes.blake2b.digest("hex")];
  const entry = phase1By(blake2b);
  if (entry === undefined) throw new UnknownPhase1Error(path, blake2b);
  return { path, sha256, ...entry };
}

/** Which phase 1 has this BLAKE2b-512, if any that is known. */
export function phase1By(blake2b: string): Entry | undefined {
  return [DEVELOPMENT, ...PUBLIC].find((entry) => entry.blake2b === blake2b);
}

/** The public file that is large enough for so many rows, and no larger. */
export function publicPhase1For(rows: number): string | undefined {
  return PUBLIC.find(({ capacity }) => capacity >= rows)?.name;
}

/** A phase-1 file is none that anyone vouches for. */
export class UnknownPhase1Error extends Error {
  override readonly name = "UnknownPhase1Error";
  readonly path: string;
  readonly blake2b: string;

  constructor(path: string, blake2b: string) {
    super(
      `The phase 1 at ${path} is none of the known ones: its BLAKE2b-512 is ${blake2b}. ` +
        `Take one of ${PUBLIC[0]?.name} to ${PUBLIC.at(-1)?.name}, which snarkjs lists.`,
    );
    this.path = path;
    this.blake2b = blake2b;
  }
}
