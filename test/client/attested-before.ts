/** Enclaves that may not be asked, each for one reason: nothing of a question reaches anybody for any of them. */
import { expect } from "chai";
import type { Address, Hex } from "viem";

import type { ConnectOptions } from "../../src/client/connect.ts";
import { attestedModelOf, type AttestedManifest } from "../../src/enclave/manifest.ts";
import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { errorOf } from "../helpers/errors.ts";
import { because, listed, refusalsIn, trusting } from "./attested-refusal.ts";
import { QUESTION, SECRET, startAttestedWorld, type AttestedWorld, type Json, type Lies } from "./attested-world.ts";

const OTHER: Address = "0x00000000000000000000000000000000000000AA";
const WORD: Hex = `0x${"5a".repeat(32)}`;

describe("an agent sends nothing to an enclave", () => {
  let world: AttestedWorld;
  let refusals: ReturnType<typeof refusalsIn>;

  before(async () => {
    world = await startAttestedWorld();
    refusals = refusalsIn(world);
  });
  after(async () => {
    await world.stop();
  });

  const refused: typeof refusals.refused = async (...how) => refusals.refused(...how);
  const forged: typeof refusals.forged = async (forgery) => refusals.forged(forgery);

  it("unless a lie was told: this very way of asking is answered", async () => {
    const proxy = await world.proxy(await forged({}));
    const connection = await world.connect({}, proxy.url);
    await connection.chat(world.attested.chat, QUESTION);
    expect(proxy.hasSeen(SECRET)).to.equal(true);
  });

  describe("when it expects no code in particular: no measurement means no request, not no check", () => {
    it("with no word on enclaves", async () => {
      await refused({}, { name: "NoMeasurementError" }, { trust: {} });
    });

    it("with an empty list", async () => {
      await refused({}, { name: "NoMeasurementError" }, trusting({ measurements: [], allowSimulated: true }));
    });

    it("with another measurement", async () => {
      const enclaves = { measurements: [WORD], allowSimulated: true } as const;
      await refused({}, because("unnamed-code"), trusting(enclaves));
    });
  });

  describe("that is simulated", () => {
    const wary = (): Partial<ConnectOptions> => trusting({ measurements: [world.measurement] });

    it("unless that is allowed, though its measurement is named", async () => {
      await refused({}, { name: "SimulatedEnclaveError" }, wary());
    });

    it("also when the gateway says that it is not", async () => {
      const lies = { enclaves: listed((said) => ({ ...said, simulated: false })) };
      await refused(lies, { name: "SimulatedEnclaveError" }, wary());
      await refused(lies, { name: "FalseListingError" });
    });

    it("also when its manifest names the platform's own root", async () => {
      const lies: Lies = {
        enclaves: listed((said) => {
          const enclave = { ...(said.manifest["enclave"] as Json), root: REAL_ROOTS.nitro };
          const manifest = { ...said.manifest, enclave } as unknown as AttestedManifest;
          return { ...said, id: attestedModelOf(manifest), manifest, simulated: false };
        }),
      };
      const [manifest] = world.attested.manifests as [AttestedManifest];
      const real = { ...manifest, enclave: { ...manifest.enclave, root: REAL_ROOTS.nitro } } as AttestedManifest;
      const id = attestedModelOf(real);
      await refused(lies, because("unnamed-code"), wary(), id);
    });
  });

  describe("whose listing", () => {
    const MANIFEST: Json = {
      name: "echo-small",
      purpose: "Something else",
      kind: "embeddings",
      upstream: { url: "https://example.com", model: "upstream-chat" },
      price: { base: "0", input: "2000000", output: "8000000" },
      mostOutputTokens: 401,
      promptBytesPerToken: 5,
    };

    for (const [field, value] of Object.entries(MANIFEST)) {
      it(`has another ${field} in its manifest than its id`, async () => {
        const enclaves = listed((said) => ({ ...said, manifest: { ...said.manifest, [field]: value } }));
        await refused({ enclaves }, { name: "FalseListingError" });
      });
    }

    for (const field of ["name", "purpose", "kind"]) {
      it(`has another ${field} than its manifest`, async () => {
        await refused(
          { enclaves: listed((said) => ({ ...said, [field]: MANIFEST[field] })) },
          {
            name: "FalseListingError",
          },
        );
      });
    }

    it("has another id", async () => {
      await refused({ enclaves: listed((said) => ({ ...said, id: WORD })) }, { name: "UnknownModelError" });
      await refused({ enclaves: listed((said) => ({ ...said, id: WORD })) }, { name: "FalseListingError" }, {}, WORD);
    });

    it("has another verifier than the enclave's", async () => {
      const enclaves = listed((said) => ({ ...said, verifier: world.verifier.address }));
      await refused({ enclaves }, because("other-verifier"));
    });

    it("has a field that nobody knows", async () => {
      for (const field of ["test", "skip", "insecure"]) {
        await refused({ enclaves: listed((said) => ({ ...said, [field]: true })) }, { name: "GarbledError" });
      }
    });

    it("sells nothing now", async () => {
      const enclaves = listed((said) => ({ ...said, answersUntil: null, reason: "It rests." }));
      expect((await refused({ enclaves }, { name: "EnclaveNotSellingError" })).message).to.include("It rests.");
    });

    it("takes no deadline that is far enough", async () => {
      const soon = Math.floor(Date.now() / 1000) + 30;
      await refused({ enclaves: listed((said) => ({ ...said, answersUntil: soon })) }, because("expires"));
    });

    it("has a lower penalty than is wanted", async () => {
      const enclaves = listed((said) => ({ ...said, penalty: "1" }));
      await refused({ enclaves }, { name: "HollowTermsError" }, { limits: { penalty: 2n } });
    });
  });

  describe("whose evidence", () => {
    it('has a field such as "test" or "skip" that could spare it a check', async () => {
      for (const field of ["test", "skip", "simulated", "verified"]) {
        await refused({ evidence: (said) => ({ ...said, [field]: true }) }, { name: "GarbledError" });
        for (const part of ["statement", "policy", "block"]) {
          const evidence = (said: Json): Json => ({ ...said, [part]: { ...(said[part] as Json), [field]: true } });
          await refused({ evidence }, { name: "GarbledError" });
        }
      }
    });

    it("lacks a part", async () => {
      for (const part of ["platform", "document", "statement", "policy", "block"]) {
        await refused({ evidence: ({ [part]: _left, ...rest }) => rest }, { name: "GarbledError" });
      }
    });

    it("is of another platform", async () => {
      const error = await refused(
        { evidence: (said) => ({ ...said, platform: "tdx" }) },
        {
          name: "EnclaveRefusedError",
          because: "no-collateral",
        },
      );
      expect(error.message).to.include("collateral");
    });

    it("has a changed document", async () => {
      for (const at of [200, 2_000, -20]) {
        const evidence = (said: Json): Json => {
          const document = Buffer.from(said["document"] as string, "base64");
          const index = at < 0 ? document.length + at : at;
          document[index] = (document[index] ?? 0) ^ 1;
          return { ...said, document: document.toString("base64") };
        };
        const proxy = await world.proxy({ evidence });
        const connection = await world.connect({}, proxy.url);
        await errorOf(connection.chat(world.attested.chat, QUESTION));
        expect(proxy.hasSeen(SECRET)).to.equal(false);
      }
    });

    const STATEMENT: Json = {
      key: OTHER,
      chainId: 1,
      verifier: OTHER,
      gateways: [OTHER],
      epoch: 7,
      expires: 4_000_000_000,
    };
    for (const [field, value] of Object.entries(STATEMENT)) {
      it(`has another ${field} in its statement than its document is over`, async () => {
        const evidence = (said: Json): Json => ({
          ...said,
          statement: { ...(said["statement"] as Json), [field]: value },
        });
        await refused({ evidence }, { name: "EnclaveRefusedError", because: "not-bound" });
      });
    }

    it("has another policy than its statement is over", async () => {
      const changes: Json = { chainId: 1, escrow: OTHER, verifier: OTHER };
      for (const [field, value] of Object.entries(changes)) {
        const evidence = (said: Json): Json => ({ ...said, policy: { ...(said["policy"] as Json), [field]: value } });
        await refused({ evidence }, { name: "EnclaveRefusedError", because: "other-policy" });
      }
      const models = (said: Json): Json => {
        const policy = said["policy"] as Json & { models: Json[] };
        return { ...said, policy: { ...policy, models: policy.models.slice(0, 1) } };
      };
      await refused({ evidence: models }, { name: "EnclaveRefusedError", because: "other-policy" });
    });

    it("names another block than its document is over", async () => {
      const hash = (said: Json): Json => ({ ...said, block: { ...(said["block"] as Json), hash: WORD } });
      await refused({ evidence: hash }, { name: "EnclaveRefusedError", because: "not-bound" });
      const number = (said: Json): Json => ({ ...said, block: { ...(said["block"] as Json), number: 1 } });
      await refused({ evidence: number }, because("foreign-block"));
    });
  });
});
